#include "export/file/graph_summary.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "export/file/graph_file.h"
#include "export/viewer/viewer_json.h"
#include "graph/prune.h"
#include "tests/support/small_graph.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::message_of;
using testing::small_graph;
using testing::TempDir;
using testing::write_text;

constexpr Scores kScores{.replacement = 0.75, .completeness = 0.5};

TEST(GraphSummary, CountsWhatAGraphFileHolds) {
  const TempDir folder;
  write_graph_file(folder / "a", small_graph(), nullptr, kScores);
  const GraphSummary summary = summarize_graph_file(folder / "a");
  EXPECT_EQ(summary.prompt, "ab");  // it has no prompt: its tokens
  EXPECT_EQ(summary.tokens, 2U);
  EXPECT_EQ(summary.nodes, 12U);
  EXPECT_EQ(summary.edges, 10U);
  EXPECT_EQ(summary.scores.replacement, 0.75);
  EXPECT_EQ(summary.scores.completeness, 0.5);
}

TEST(GraphSummary, CountsWhatAViewerFileShows) {
  const TempDir folder;
  const AttributionGraph graph = small_graph();
  const PrunedGraph pruned = prune(graph);
  write_text(folder / "a.json", viewer_json(graph, pruned, {.slug = "a", .scores = kScores}));
  const auto summary = summarize_viewer_json(folder / "a.json");
  ASSERT_TRUE(summary.has_value());
  EXPECT_EQ(summary->tokens, 2U);
  EXPECT_EQ(summary->nodes, pruned.kept_nodes());
  EXPECT_EQ(summary->edges, pruned.kept_edges());
  EXPECT_EQ(summary->scores.replacement, 0.75);
}

TEST(GraphSummary, OfOtherJsonThereIsNone) {
  const TempDir folder;
  for (const char* const text : {"[]", "3", R"({"graphs": []})", R"({"nodes": [], "links": []})",
                                 R"({"nodes": 1, "links": [], "metadata": {}})"}) {
    write_text(folder / "a.json", text);
    EXPECT_FALSE(summarize_viewer_json(folder / "a.json").has_value()) << text;
  }
}

TEST(GraphSummary, SaysWhatIsWrongWithAFile) {
  const TempDir folder;
  write_text(folder / "a", "{");
  EXPECT_THAT(message_of<std::runtime_error>([&] { summarize_viewer_json(folder / "a"); }),
              AllOf(HasSubstr("[summarize]"), HasSubstr("/a: is no JSON")));
  EXPECT_THAT(message_of<std::runtime_error>([&] { summarize_graph_file(folder / "a"); }),
              HasSubstr("file has 1 bytes"));
  write_graph_file(folder / "b", small_graph(), nullptr, {});
  std::string text = testing::read_text(folder / "b");
  text.replace(text.find("circuit.graph"), 13, "circuit.grape");
  write_text(folder / "b", text);
  EXPECT_THAT(message_of<std::runtime_error>([&] { summarize_graph_file(folder / "b"); }),
              AllOf(HasSubstr("[summarize]"), HasSubstr("circuit.grape")));
}

}  // namespace
}  // namespace circuit
