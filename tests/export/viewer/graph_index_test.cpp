#include "export/viewer/graph_index.h"

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "export/viewer/viewer_json.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using Json = nlohmann::json;
using testing::TempDir;
using testing::write_text;

std::string graph_json(const std::string& slug) {
  const AttributionGraph graph = testing::synthetic_graph({.n_active = 10});
  return viewer_json(graph, prune(graph), {.slug = slug});
}

std::vector<std::string> slugs_of(const std::filesystem::path& folder) {
  std::vector<std::string> slugs;
  const Json index = Json::parse(graph_index(folder));
  for (const Json& graph : index["graphs"]) slugs.push_back(graph["slug"]);
  return slugs;
}

using Slugs = std::vector<std::string>;

TEST(GraphIndex, ListsTheGraphsOfAFolderInOrderOfName) {
  const TempDir folder;
  write_text(folder / "b.json", graph_json("b"));
  write_text(folder / "a.json", graph_json("a"));
  EXPECT_EQ(slugs_of(folder.path()), (Slugs{"a", "b"}));
  const Json graph = Json::parse(graph_index(folder.path()))["graphs"][0];
  EXPECT_EQ(graph["scan"], "synthetic-clt");
  EXPECT_EQ(graph["node_threshold"], 0.8);
  EXPECT_EQ(graph["prompt_tokens"].size(), 8u);
}

TEST(GraphIndex, IsEmptyForAnEmptyFolder) {
  const TempDir folder;
  EXPECT_EQ(Json::parse(graph_index(folder.path())), Json::parse("{\"graphs\":[]}"));
}

TEST(GraphIndex, SurvivesForeignFiles) {
  const TempDir folder;
  write_text(folder / "a.json", graph_json("a"));
  write_text(folder / "array.json", "[1, 2]");
  write_text(folder / "broken.json", "{\"x\": ");
  write_text(folder / "empty.json", "");
  write_text(folder / "other.json", "{\"metadata\": \"text\", \"nodes\": []}");
  write_text(folder / "third.json", "{\"metadata\": {\"a\": 1}, \"nodes\": [], \"links\": []}");
  write_text(folder / "graph-metadata.json", "old");
  write_text(folder / ".hidden.json", "{");
  write_text(folder / "a.json.partial.1", "{\"metadata\": {");
  std::filesystem::create_directory(folder / "folder.json");
  EXPECT_EQ(slugs_of(folder.path()), (Slugs{"a"}));
}

TEST(GraphIndex, TakesGraphsOfOtherToolsWhoseKeysStandInAnotherOrder) {
  const TempDir folder;
  write_text(folder / "peer.json",
             "{\n  \"nodes\": [],\n  \"links\": [], \"qParams\": {},\n  \"metadata\": {\"slug\": "
             "\"peer\", \"scan\": \"s\", \"prompt\": \"}{\\\"\"}}");
  EXPECT_EQ(slugs_of(folder.path()), (Slugs{"peer"}));
}

TEST(GraphIndex, NamesAGraphAfterItsFile) {
  const TempDir folder;
  write_text(folder / "renamed.json", graph_json("before"));
  EXPECT_EQ(slugs_of(folder.path()), (Slugs{"renamed"}));
}

TEST(GraphIndex, ReadsMetadataThatIsLongerThanOneBlock) {
  const TempDir folder;
  const AttributionGraph full = testing::synthetic_graph();
  Provenance provenance;
  provenance.prompt = std::string(100000, '{');
  const AttributionGraph graph(full.nodes(), full.edges(), {}, {}, provenance);
  write_text(folder / "a.json", viewer_json(graph, prune(graph), {.slug = "a"}));
  EXPECT_EQ(slugs_of(folder.path()), (Slugs{"a"}));
}

TEST(GraphIndex, SaysWhichOfOurFilesCannotBeRead) {
  const TempDir folder;
  const std::string path = (folder / "a.json").string();
  write_text(folder / "a.json", graph_json("a").substr(0, 200));
  EXPECT_EQ(testing::message_of<std::runtime_error>([&] { graph_index(folder.path()); }),
            "[graph_index] " + path + ": the file ends inside its metadata");
  write_text(folder / "a.json", "{\"metadata\":{\"slug\":}}");
  EXPECT_EQ(testing::message_of<std::runtime_error>([&] { graph_index(folder.path()); }),
            "[graph_index] " + path + ": metadata is broken JSON, expected an object");
}

TEST(FolderLock, LetsOneHolderInAtATime) {
  const TempDir folder;
  int inside = 0, most = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const FolderLock lock(folder.path());
        most = std::max(most, ++inside);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        --inside;
      });
    }
  }
  EXPECT_EQ(most, 1);
}

TEST(FolderLock, RefusesWhatIsNoFolder) {
  const TempDir folder;
  write_text(folder / "file", "");
  EXPECT_EQ(testing::message_of<std::runtime_error>([&] { FolderLock lock(folder / "file"); }),
            "[graph_index] " + (folder / "file").string() +
                ": cannot be opened as a folder (Not a directory)");
}

}  // namespace
}  // namespace circuit
