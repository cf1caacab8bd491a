#include "transcoders/weights/content_hash.h"

#include <array>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/gguf_writer.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::TempDir;
using testing::write_text;

using Paths = std::vector<std::filesystem::path>;

TEST(ContentHash, OfNothingIsThatOfXxHash64) {
  EXPECT_EQ(content_hash({}), "ef46db3751d8e999");  // XXH64 of no bytes with seed 0
}

TEST(ContentHash, DoesNotDependOnTheOrderOrTheDirectoryOfFiles) {
  const TempDir first, second;
  for (const TempDir* directory : {&first, &second}) {
    write_text(*directory / "a.bin", "alpha");
    write_text(*directory / "b.bin", "beta");
  }
  const std::string hash = content_hash(Paths{first / "a.bin", first / "b.bin"});
  EXPECT_EQ(hash.size(), 16U);
  EXPECT_EQ(content_hash(Paths{second / "b.bin", second / "a.bin"}), hash);
}

TEST(ContentHash, ChangesWithNameAndContent) {
  const TempDir directory;
  write_text(directory / "a", "text");
  write_text(directory / "b", "text");
  write_text(directory / "c", "texu");
  std::filesystem::create_directory(directory / "d");
  write_text(directory.path() / "d" / "a", "texu");
  const std::string hash = content_hash(Paths{directory / "a"});
  EXPECT_NE(content_hash(Paths{directory / "b"}), hash);
  EXPECT_NE(content_hash(Paths{directory.path() / "d" / "a"}), hash);
}

TEST(ContentHash, OfALargeFileSeesItsEndsAndOnlyTheWholeSeesEveryByte) {
  const TempDir directory;
  const auto path = directory / "large.bin";
  std::string text(std::size_t{6} << 20U, 'x');
  const auto hashes = [&] {
    write_text(path, text);
    return std::array{content_hash(Paths{path}), content_hash(Paths{path}, /*whole=*/true)};
  };
  const auto before = hashes();
  text.back() = 'y';
  const auto last_changed = hashes();
  EXPECT_NE(last_changed[0], before[0]);
  EXPECT_NE(last_changed[1], before[1]);
  text.back() = 'x';
  // Blocks start every (6 MiB - 64 KiB) / 63 = 98,823 bytes and are 65,536 long: this lies between.
  text[80'000] = 'y';
  const auto between = hashes();
  EXPECT_EQ(between[0], before[0]);
  EXPECT_NE(between[1], before[1]);
}

TEST(ContentHash, OfALargeSafetensorsFileSeesItsWholeHeader) {
  const TempDir directory;
  const auto path = directory / "large.safetensors";
  std::string text(std::size_t{6} << 20U, 'x');
  const std::size_t length = 90'000;  // longer than the first block
  for (std::size_t i = 0; i < 8; ++i) text[i] = static_cast<char>((length >> (8 * i)) & 0xFFU);
  write_text(path, text);
  const std::string before = content_hash(Paths{path});
  text[80'000] = 'y';
  write_text(path, text);
  EXPECT_NE(content_hash(Paths{path}), before);
}

TEST(ContentHash, OfALargeGgufFileSeesItsWholeHeader) {
  const TempDir directory;
  const auto path = directory / "large.gguf";
  const auto hash = [&](char middle) {
    std::string text(120'000, 'x');  // longer than the first block
    text[80'000] = middle;
    testing::GgufWriter writer;
    writer.text("tokenizer.chat_template", text);
    const std::int64_t size = std::int64_t{6} << 20;
    writer.tensor("w", GgmlType::kI8, std::vector{size},
                  std::string(static_cast<std::size_t>(size), 'w'));
    writer.write(path);
    return content_hash(Paths{path});
  };
  EXPECT_NE(hash('x'), hash('y'));
}

TEST(ContentHash, NamesAFileThatCannotBeRead) {
  const TempDir directory;
  const auto path = directory / "missing";
  EXPECT_EQ(message_of<std::runtime_error>([&] { content_hash(Paths{path}); }),
            "[content_hash] " + path.string() + ": cannot be opened (No such file or directory)");
  EXPECT_EQ(
      message_of<std::runtime_error>([&] { content_hash(Paths{directory.path()}); }),
      "[content_hash] " + directory.path().string() + ": is not a regular file (Is a directory)");
}

}  // namespace
}  // namespace circuit
