#include "export/outputs.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "export/names/node_names.h"
#include "export/names/supernode_file.h"
#include "tests/support/file_size_limit.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using Json = nlohmann::json;
using testing::message_of;
using testing::read_text;
using testing::TempDir;
using Paths = std::vector<std::filesystem::path>;

const Scores kScores{.replacement = 0.5, .completeness = 0.75};

std::set<std::string> names_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

Paths write_example(const std::filesystem::path& folder, const std::string& name,
                    std::string_view formats, const OutputOptions& options = {}) {
  const AttributionGraph graph = testing::synthetic_graph({.n_active = 30});
  return write_outputs(folder, name, parse_formats(formats), graph, prune(graph), kScores, options);
}

TEST(Outputs, PinTheMembersOfSupernodes) {
  const TempDir folder;
  const AttributionGraph graph = testing::synthetic_graph({.n_active = 30});
  const std::size_t token = graph.first_token();
  const OutputOptions options{.supernodes = {{"start", {token, token + 1}}}};
  write_example(folder.path(), "a", "json", options);
  const Json state = Json::parse(read_text(folder / "a.json"))["qParams"];
  const std::string first = "E_" + std::to_string(graph.nodes().input_ids[0]) + "_0";
  const std::string second = "E_" + std::to_string(graph.nodes().input_ids[1]) + "_1";
  EXPECT_EQ(state["pinnedIds"], Json({first, second}));
  EXPECT_EQ(state["supernodes"], Json::parse("[[\"start\",\"" + first + "\",\"" + second + "\"]]"));
}

TEST(Outputs, DrawTheGroupsOfAViewersState) {
  const TempDir folder;
  const AttributionGraph graph = testing::synthetic_graph({.n_active = 30});
  const std::size_t token = graph.first_token();
  const std::vector<Supernode> groups = {{"start", {token, token + 1}}};
  OutputOptions viewer;
  viewer.viewer.state.supernodes = name_members(graph, groups);
  viewer.viewer.state.supernodes.push_back({"start", {name_node(graph, token + 2).node_id}});
  viewer.viewer.state.supernodes.push_back({"again", {name_node(graph, token).node_id}});
  const std::vector<Supernode> drawn = {groups[0], {"start (2)", {token + 2}}};
  write_example(folder.path(), "groups", "dot,svg,graphml", {.supernodes = drawn});
  write_example(folder.path(), "viewer", "dot,svg,graphml", viewer);
  EXPECT_NE(read_text(folder / "viewer.dot").find("class=supernode"), std::string::npos);
  for (const char* ending : {".dot", ".svg", ".graphml"}) {
    EXPECT_EQ(read_text(folder / (std::string("viewer") + ending)),
              read_text(folder / (std::string("groups") + ending)))
        << ending;
  }
}

TEST(Outputs, NameOnlyNodesThatAreKept) {
  const TempDir folder;
  const AttributionGraph graph = testing::synthetic_graph({.n_active = 30});
  PrunedGraph pruned = prune(graph, {.node_threshold = 1, .edge_threshold = 1});
  const std::size_t token = graph.first_token();
  const std::string kept = name_node(graph, token).node_id;
  const std::string gone = name_node(graph, token + 1).node_id;
  pruned.node_mask[token + 1] = 0;
  OutputOptions options;
  options.viewer.state = {.pinned_ids = {gone, kept},
                          .supernodes = {{"both", {kept, gone}}, {"none", {gone, "no id"}}},
                          .clerps = {{gone, "x"}, {kept, "y"}}};
  write_outputs(folder.path(), "a", parse_formats("json,svg"), graph, pruned, {}, options);
  const Json state = Json::parse(read_text(folder / "a.json"))["qParams"];
  EXPECT_EQ(state["pinnedIds"], Json({kept}));
  EXPECT_EQ(state["supernodes"], Json::parse(R"([["both",")" + kept + R"("]])"));
  EXPECT_EQ(state["clerps"], R"([[")" + kept + R"(","y"]])");
}

TEST(Formats, AreReadFromAList) {
  EXPECT_EQ(parse_formats("json,svg,png"),
            (std::vector{OutputFormat::kJson, OutputFormat::kSvg, OutputFormat::kPng}));
  EXPECT_EQ(parse_formats("pdf,dot,graphml,dot"),
            (std::vector{OutputFormat::kDot, OutputFormat::kPdf, OutputFormat::kGraphml}));
}

TEST(Formats, RefuseWhatIsUnknownOrMissing) {
  const std::string expected = ", expected some of json, dot, svg, png, pdf, graphml, html";
  const auto message = [](const char* list) {
    return message_of<std::invalid_argument>([&] { parse_formats(list); });
  };
  EXPECT_EQ(message("json,gif"), "[formats] format 'gif' is unknown" + expected);
  EXPECT_EQ(message("JSON"), "[formats] format 'JSON' is unknown" + expected);
  EXPECT_EQ(message(""), "[formats] a format is empty" + expected);
  EXPECT_EQ(message("json,"), "[formats] a format is empty" + expected);
}

TEST(Outputs, WriteEveryFormat) {
  const TempDir folder;
  const Paths paths =
      write_example(folder / "new" / "deep", "x", "json,dot,svg,png,pdf,graphml,html");
  EXPECT_EQ(paths.size(), 7u);
  EXPECT_EQ(names_in(folder / "new" / "deep"),
            (std::set<std::string>{"x.json", "x.dot", "x.svg", "x.png", "x.pdf", "x.graphml",
                                   "x.html", "graph-metadata.json"}));
  for (const auto& path : paths) EXPECT_GT(std::filesystem::file_size(path), 500u) << path;
}

TEST(Outputs, PutNameAndScoresIntoTheViewerFile) {
  const TempDir folder;
  write_example(folder.path(), "my-graph", "json");
  const Json metadata = Json::parse(read_text(folder / "my-graph.json"))["metadata"];
  EXPECT_EQ(metadata["slug"], "my-graph");
  EXPECT_EQ(metadata["replacement_score"], 0.5);
}

TEST(Outputs, ListAllGraphsOfTheFolderInTheIndex) {
  const TempDir folder;
  write_example(folder.path(), "b", "json");
  write_example(folder.path(), "a", "json");
  write_example(folder.path(), "a", "json");
  const Json index = Json::parse(read_text(folder / "graph-metadata.json"));
  ASSERT_EQ(index["graphs"].size(), 2u);
  EXPECT_EQ(index["graphs"][0]["slug"], "a");
  EXPECT_EQ(index["graphs"][1]["slug"], "b");
}

TEST(Outputs, LeaveTheIndexAloneWithoutJsonOrOnRequest) {
  const TempDir folder;
  write_example(folder.path(), "a", "svg");
  write_example(folder.path(), "a", "json", {.rebuild_index = false});
  EXPECT_EQ(names_in(folder.path()), (std::set<std::string>{"a.json", "a.svg"}));
  rebuild_graph_index(folder.path());
  EXPECT_TRUE(std::filesystem::exists(folder / "graph-metadata.json"));
}

TEST(Outputs, AreTheSameBytesForTheSameGraph) {
  const TempDir first, second;
  write_example(first.path(), "a", "json,dot,svg,png,graphml");
  write_example(second.path(), "a", "json,dot,svg,png,graphml");
  for (const std::string& name : names_in(first.path())) {
    EXPECT_EQ(read_text(first / name), read_text(second / name)) << name;
  }
}

TEST(Outputs, RefuseANameThatIsNoFileName) {
  const TempDir folder;
  EXPECT_NE(message_of<std::invalid_argument>([&] {
              write_example(folder.path(), "a/b", "json");
            }).find("[name] 'a/b'"),
            std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Outputs, SayWhenTheFolderCannotBeMade) {
  const TempDir folder;
  testing::write_text(folder / "file", "");
  const std::string inside = (folder / "file" / "out").string();
  EXPECT_EQ(message_of<std::runtime_error>([&] { write_example(inside, "a", "json"); }),
            "[write_outputs] " + inside + ": cannot be made a folder (Not a directory)");
  const std::string file = (folder / "file").string();
  EXPECT_EQ(message_of<std::runtime_error>([&] {
              write_example(file, "a", "json");
            }).find("[write_outputs] " + file + ": cannot be made a folder ("),
            0u);
}

TEST(Outputs, LeaveNoPartOfAFileOnAFullDisk) {
  for (const char* format : {"json", "dot", "svg", "png", "pdf", "graphml"}) {
    const TempDir folder;
    const testing::FileSizeLimit limit(400);
    const std::string message =
        message_of<std::runtime_error>([&] { write_example(folder.path(), "a", format); });
    EXPECT_TRUE(message.starts_with("[write] ")) << message;
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << format;
  }
}

}  // namespace
}  // namespace circuit
