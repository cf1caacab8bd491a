#include "tracer/serve/byte_range.h"

#include <gtest/gtest.h>

namespace circuit::serve {
namespace {

using Bounds = std::pair<std::uint64_t, std::uint64_t>;

Bounds range(std::string_view header, std::uint64_t size) {
  const auto found = parse_range(header, size);
  return found ? Bounds(found->begin, found->size) : Bounds(UINT64_MAX, UINT64_MAX);
}

TEST(ByteRange, IsAPartOfTheFile) {
  EXPECT_EQ(range("bytes=0-0", 10), Bounds(0, 1));
  EXPECT_EQ(range("bytes=2-5", 10), Bounds(2, 4));
  EXPECT_EQ(range("bytes=2-", 10), Bounds(2, 8));
  EXPECT_EQ(range("bytes=-3", 10), Bounds(7, 3));
  EXPECT_EQ(range("bytes=-30", 10), Bounds(0, 10));
  EXPECT_EQ(range("bytes=9-99999999999999999999999", 10), Bounds(9, 1));
}

TEST(ByteRange, IsEmptyBehindTheFile) {
  EXPECT_EQ(range("bytes=10-", 10).second, 0U);
  EXPECT_EQ(range("bytes=99999999999999999999999-", 10).second, 0U);
  EXPECT_EQ(range("bytes=-0", 10).second, 0U);
  EXPECT_EQ(range("bytes=0-", 0).second, 0U);
  EXPECT_EQ(range("bytes=-5", 0).second, 0U);
}

TEST(ByteRange, OfAnythingElseThereIsNone) {
  for (const char* const header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=x-1", "bytes=1-x", "bytes=3-2", "bytes=1-2,4-5",
        "bytes= 1-2", "bytes=+1-2", "bytes=1--2", "items=0-1", "Bytes=0-1", "bytes=0x1-2"}) {
    EXPECT_FALSE(parse_range(header, 10).has_value()) << header;
  }
}

}  // namespace
}  // namespace circuit::serve
