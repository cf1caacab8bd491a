#include "tracer/text/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit::testing {
namespace {

using ::testing::ElementsAre;

TEST(Documents, AreWholeTextFilesAndLinesOfJson) {
  const TempDir folder;
  write_text(folder / "b.txt", "one\ntext\n");
  write_text(
      folder / "a.jsonl",
      "{\"text\": \"first\", \"more\": 1}\n\n{\"prompt\": \"se\\u0063ond\"}\n{\"text\": \"\"}\n");
  write_text(folder / "notes.md", "no");
  const std::vector<std::filesystem::path> paths = {folder.path(), folder / "b.txt"};
  EXPECT_THAT(read_documents(paths), ElementsAre("first", "second", "one\ntext\n", "one\ntext\n"));
}

TEST(Documents, SayWhereSomethingIsWrong) {
  const TempDir folder;
  const auto error = [&](const std::string& name, const std::string& contents) {
    const std::vector<std::filesystem::path> paths = {folder / name};
    if (!contents.empty()) write_text(paths[0], contents);
    std::string line = message_of<std::runtime_error>([&] { read_documents(paths); });
    const std::size_t at = line.find(folder.path().string() + "/");
    if (at != std::string::npos) line.erase(at, folder.path().string().size() + 1);
    return line;
  };
  EXPECT_EQ(error("none.txt", ""), "[read_text] none.txt: no such file or folder");
  EXPECT_THAT(error("a.jsonl", "{\"text\": \"x\"}\n[1]\n"),
              ::testing::StartsWith("[read_text] a.jsonl:2: is no JSON object ("));
  EXPECT_EQ(error("b.jsonl", "{\"words\": 1}"),
            "[read_text] b.jsonl:1: has neither text nor prompt, expected one");
  EXPECT_EQ(error("c.jsonl", "{\"text\": 1}"),
            "[read_text] c.jsonl:1: text is 1, expected a string");
  EXPECT_EQ(error("d.jsonl", "\n"), "[read_text] d.jsonl: there is no text");
}

}  // namespace
}  // namespace circuit::testing
