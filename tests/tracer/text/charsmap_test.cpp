#include "tracer/text/charsmap.h"

#include <cstdint>
#include <cstring>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;

constexpr std::uint32_t kHasValue = 0x100;

std::uint32_t unit(std::uint32_t label, std::uint32_t offset, std::uint32_t flags = 0) {
  return (offset << 10U) | flags | label;
}

std::string blob(const std::vector<std::uint32_t>& units, std::string_view replacements) {
  const auto n_bytes = static_cast<std::uint32_t>(4 * units.size());
  std::string bytes(4 + n_bytes, '\0');
  std::memcpy(bytes.data(), &n_bytes, 4);
  std::memcpy(bytes.data() + 4, units.data(), n_bytes);
  return bytes.append(replacements);
}

// A double array with the entries "a" (replaced by "xyz") and "ab" (replaced by nothing).
std::vector<std::uint32_t> two_entries() {
  std::vector<std::uint32_t> units(0x200);
  units[0] = unit(0, 0x80);                          // children of the root at 0x80 ^ byte
  units[0x80U ^ 'a'] = unit('a', 0x100, kHasValue);  // its children at that place ^ 0x100
  const std::uint32_t behind_a = (0x80U ^ 'a') ^ 0x100U;
  units[behind_a] = 0x80000000U;  // offset 0 of the replacements
  units[behind_a ^ 'b'] = unit('b', 0x0F, kHasValue);
  units[(behind_a ^ 'b') ^ 0x0FU] = 0x80000003U;  // offset 3: empty
  return units;
}

Charsmap make_charsmap() { return Charsmap(blob(two_entries(), std::string_view("xyz\0", 4))); }

TEST(Charsmap, FindsTheLongestAndTheShortestEntry) {
  const Charsmap charsmap = make_charsmap();
  ASSERT_TRUE(charsmap.longest_match("abc"));
  EXPECT_EQ(charsmap.longest_match("abc")->length, 2U);
  EXPECT_EQ(charsmap.longest_match("abc")->replacement, "");
  EXPECT_EQ(charsmap.shortest_match("abc")->length, 1U);
  EXPECT_EQ(charsmap.shortest_match("abc")->replacement, "xyz");
  EXPECT_EQ(charsmap.longest_match("ac")->replacement, "xyz");
  EXPECT_FALSE(charsmap.longest_match("b"));
  EXPECT_FALSE(charsmap.longest_match(""));
  EXPECT_FALSE(charsmap.longest_match(std::string_view("\0a", 2)));
}

TEST(Charsmap, ReplacesShortClustersAsAWhole) {
  const Charsmap charsmap = make_charsmap();
  EXPECT_EQ(map_clusters("cab", charsmap), "cxyzb");
  EXPECT_EQ(map_clusters("a\u0301b", charsmap), "xyzb");  // the entry "a" stands for the cluster
  EXPECT_EQ(map_clusters("a\u0301\u0301\u0301b", charsmap), "xyz\u0301\u0301\u0301b");
}

TEST(Charsmap, ReadsNothingOutsideADamagedTable) {
  std::vector<std::uint32_t> units = two_entries();
  units[0x80U ^ 'a'] = unit('a', 0x1FFFFF, kHasValue);
  EXPECT_FALSE(Charsmap(blob(units, std::string_view("xyz\0", 4))).longest_match("ab"));
  units = two_entries();
  units[(0x80U ^ 'a') ^ 0x100U] = 0x80000004U;  // behind the replacements
  EXPECT_FALSE(Charsmap(blob(units, std::string_view("xyz\0", 4))).shortest_match("a"));
}

TEST(Charsmap, RefusesDamagedTables) {
  const auto complaint = [](const std::string& bytes) {
    return message_of<std::invalid_argument>([&] { (void)Charsmap(bytes); });
  };
  EXPECT_EQ(complaint("abc"), "[read_charsmap] the table has 3 bytes");
  EXPECT_EQ(complaint(std::string(4, '\0')),
            "[read_charsmap] the double array has 0 of the table's 0 bytes");
  EXPECT_EQ(complaint(blob({0}, "").replace(0, 1, "\x08")),
            "[read_charsmap] the double array has 8 of the table's 4 bytes");
  EXPECT_EQ(complaint(blob({0}, "a")),
            "[read_charsmap] the last replacement is not ended by a zero");
}

}  // namespace
}  // namespace circuit
