#include "tracer/serve/graph_folder.h"

#include <filesystem>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "export/file/graph_file.h"
#include "tests/support/small_graph.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit::serve {
namespace {

using circuit::testing::message_of;
using circuit::testing::small_graph;
using circuit::testing::TempDir;
using circuit::testing::write_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kJsonGraph =
    R"({"metadata": {"prompt": "p", "prompt_tokens": ["p"]}, "nodes": [1, 2], "links": [3]})";

void write_graph(const std::filesystem::path& path) {
  write_graph_file(path, small_graph(), nullptr, {.replacement = 0.5, .completeness = 0.25});
}

TEST(ServedName, IsOneComponentWithAKnownEnding) {
  for (const char* const name : {"a.json", "a.graph.safetensors", "a b.svg", "\xc3\xa4.png",
                                 "a..json", "graph-metadata.json", "a.jsonl", "a.html"}) {
    EXPECT_TRUE(is_served_name(name)) << name;
  }
  for (const char* const name :
       {"", ".", "..", ".json", ".a.json", "a/b.json", "../a.json", "/a.json", "a\\b.json",
        "a\nb.json", "a\x7f.json", "a", "a.txt", "a.safetensors", "a.json.partial.123", "json",
        "a.JSON", "id_rsa", "a.json/"}) {
    EXPECT_FALSE(is_served_name(name)) << name;
  }
  EXPECT_FALSE(is_served_name(std::string_view("a\0.json", 7)));
}

TEST(GraphFolder, OpensRegularFilesOfItsOwnOnly) {
  const TempDir outside;
  write_text(outside / "secret.json", "secret");
  const TempDir folder;
  write_text(folder / "a.json", "inside");
  std::filesystem::create_symlink(outside / "secret.json", folder / "link.json");
  std::filesystem::create_symlink(folder / "a.json", folder / "inner.json");
  std::filesystem::create_directory(folder / "folder.json");
  ASSERT_EQ(::mkfifo((folder / "pipe.json").c_str(), 0600), 0);
  const GraphFolder served(folder.path());
  const auto opened = served.open("a.json");
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->size(), 6U);
  EXPECT_EQ(opened->read(0, 100), "inside");
  EXPECT_EQ(opened->read(2, 3), "sid");
  EXPECT_EQ(opened->read(6, 3), "");
  for (const char* const name :
       {"link.json", "inner.json", "folder.json", "pipe.json", "missing.json", "../a.json"}) {
    EXPECT_FALSE(served.open(name).has_value()) << name;
  }
}

TEST(GraphFolder, ListsGraphsWithAllTheirFiles) {
  const TempDir folder;
  write_graph(folder / "a.graph.safetensors");
  write_text(folder / "a.json", kJsonGraph);
  write_text(folder / "a.svg", "");
  write_text(folder / "b.json", kJsonGraph);
  write_text(folder / "settings.json", R"({"no": "graph"})");
  write_text(folder / "graph-metadata.json", R"({"graphs": []})");
  write_text(folder / "picture.svg", "");
  GraphFolder served(folder.path());
  const FolderList list = served.list();
  ASSERT_EQ(list.entries.size(), 2U);
  EXPECT_EQ(list.entries[0].name, "a");
  EXPECT_THAT(list.entries[0].endings, ElementsAre(".graph.safetensors", ".json", ".svg"));
  ASSERT_TRUE(list.entries[0].summary.has_value());
  EXPECT_EQ(list.entries[0].summary->nodes, 12U);
  EXPECT_EQ(list.entries[1].name, "b");
  ASSERT_TRUE(list.entries[1].summary.has_value());
  EXPECT_EQ(list.entries[1].summary->nodes, 2U);
  EXPECT_EQ(list.entries[1].summary->edges, 1U);
  EXPECT_EQ(list.entries[1].summary->prompt, "p");
}

TEST(GraphFolder, SaysInOneLineWhyAGraphCannotBeRead) {
  const TempDir folder;
  write_text(folder / "broken.graph.safetensors", "x\ny");
  write_text(folder / "cut.json", R"({"metadata": {)");
  std::filesystem::create_symlink("/etc/passwd", folder / "link.json");
  GraphFolder served(folder.path());
  const FolderList list = served.list();
  ASSERT_EQ(list.entries.size(), 3U);
  EXPECT_EQ(list.entries[0].problem,
            "[open_safetensors] broken.graph.safetensors: file has 3 bytes, expected at least 8");
  EXPECT_THAT(list.entries[1].problem, HasSubstr("[summarize] cut.json: is no JSON"));
  EXPECT_THAT(list.entries[2].problem, HasSubstr("cannot be opened"));
  for (const FolderEntry& entry : list.entries) EXPECT_FALSE(entry.summary.has_value());
}

TEST(GraphFolder, SeesWhatChanges) {
  const TempDir folder;
  GraphFolder served(folder.path());
  EXPECT_TRUE(served.list().entries.empty());
  write_text(folder / "a.json", kJsonGraph);
  ASSERT_EQ(served.list().entries.size(), 1U);
  write_text(folder / "a.json.new", "broken");
  std::filesystem::rename(folder / "a.json.new", folder / "a.json");
  EXPECT_THAT(served.list().entries.at(0).problem, HasSubstr("is no JSON"));
  std::filesystem::remove(folder / "a.json");
  EXPECT_TRUE(served.list().entries.empty());
}

TEST(GraphFolder, KnowsAFileThatIsReplacedByOneOfTheSameSize) {
  const TempDir folder;
  write_text(folder / "a.json", "1");
  const GraphFolder served(folder.path());
  const std::string before = served.open("a.json")->version();
  EXPECT_EQ(served.open("a.json")->version(), before);
  write_text(folder / "b", "2");
  std::filesystem::rename(folder / "b", folder / "a.json");
  EXPECT_NE(served.open("a.json")->version(), before);
}

TEST(GraphFolder, MustBeAFolder) {
  const TempDir folder;
  write_text(folder / "a.json", "");
  for (const char* const name : {"a.json", "missing"}) {
    EXPECT_THAT(message_of<std::runtime_error>([&] { GraphFolder served(folder / name); }),
                HasSubstr(std::string(name) + ": cannot be opened, expected a folder"));
  }
}

TEST(FileCopy, StaysWhatItWas) {
  const TempDir folder;
  write_text(folder / "a.json", std::string(3 << 20, 'x'));
  const GraphFolder served(folder.path());
  const auto opened = served.open("a.json");
  const FileCopy copy(*opened, opened->size());
  std::filesystem::resize_file(folder / "a.json", 0);
  const std::string text =
      copy.read_as("a.json", [](const auto& path) { return circuit::testing::read_text(path); });
  EXPECT_EQ(text, std::string(3 << 20, 'x'));
  EXPECT_EQ(message_of<std::runtime_error>([&] {
              copy.read_as("a.json", [](const auto& path) -> int {
                throw std::runtime_error("[x] " + path.string() + ": bad\n");
              });
            }),
            "[x] a.json: bad\xe2\x8f\x8e");
}

}  // namespace
}  // namespace circuit::serve
