#include "export/text/text_lines.h"

#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/gzip_file.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;
using testing::TempDir;
using testing::write_gzip;
using testing::write_text;

std::vector<std::string> lines_of(const std::filesystem::path& path,
                                  const TextLimits& limits = {}) {
  TextLines lines(path, "test", limits);
  std::vector<std::string> all;
  while (const auto line = lines.next()) all.emplace_back(*line);
  return all;
}

TEST(TextLines, AreTheLinesOfAFile) {
  const TempDir folder;
  write_text(folder / "a", "one\n\ntwo\r\nthree");
  EXPECT_THAT(lines_of(folder / "a"), ElementsAre("one", "", "two", "three"));
  write_text(folder / "a", "one\n");
  EXPECT_THAT(lines_of(folder / "a"), ElementsAre("one"));
  write_text(folder / "a", "");
  EXPECT_TRUE(lines_of(folder / "a").empty());
  write_text(folder / "a", std::string("a\0b\nc", 5));
  EXPECT_THAT(lines_of(folder / "a"), ElementsAre(std::string("a\0b", 3), "c"));
}

TEST(TextLines, MayBeLongerThanWhatIsReadAtOnce) {
  const TempDir folder;
  const std::string longest(3'000'000, 'x');
  write_text(folder / "a", "one\n" + longest + "\ntwo\n" + longest);
  EXPECT_THAT(lines_of(folder / "a"), ElementsAre("one", longest, "two", longest));
}

TEST(TextLines, AreUnpacked) {
  const TempDir folder;
  write_gzip(folder / "a", "one\ntwo\n", 3);
  EXPECT_THAT(lines_of(folder / "a"), ElementsAre("one", "two", "one", "two", "one", "two"));
}

TEST(TextLines, RefuseFilesThatUnpackToFarMore) {
  const TempDir folder;
  write_gzip(folder / "bomb", std::string(1 << 20, '\n'), 64);
  EXPECT_THAT(message_of<std::runtime_error>([&] { lines_of(folder / "bomb"); }),
              HasSubstr("/bomb: unpacks to more than 200 times its size"));
}

TEST(TextLines, RefuseLinesWithoutEnd) {
  const TempDir folder;
  write_text(folder / "a", "one\n" + std::string(2'000'000, 'x'));
  EXPECT_THAT(
      message_of<std::runtime_error>([&] { lines_of(folder / "a", {.longest_line = 1000}); }),
      HasSubstr("/a:2: is longer than 1000 bytes"));
}

TEST(TextLines, RefuseWhatCannotBeRead) {
  const TempDir folder;
  EXPECT_THAT(message_of<std::runtime_error>([&] { lines_of(folder / "missing"); }),
              HasSubstr("[test] "));
  EXPECT_THAT(message_of<std::runtime_error>([&] { lines_of(folder / "missing"); }),
              HasSubstr("/missing: cannot be opened (No such file"));
  EXPECT_THAT(message_of<std::runtime_error>([&] { lines_of(folder.path()); }),
              HasSubstr("is a folder, expected a file"));
}

TEST(TextLines, RefuseBrokenPackedFiles) {
  const TempDir folder;
  std::string varied;
  for (int i = 0; i < 100000; ++i) varied += std::to_string(i * 7919) + "\n";
  write_gzip(folder / "a", varied);
  std::string packed = testing::read_text(folder / "a");
  write_text(folder / "cut", packed.substr(0, packed.size() / 2));
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
  write_text(folder / "changed", packed);
  for (const char* const name : {"cut", "changed"}) {
    EXPECT_THAT(message_of<std::runtime_error>([&] { lines_of(folder / name); }),
                HasSubstr("cannot be unpacked"))
        << name;
  }
}

}  // namespace
}  // namespace circuit
