#include "graph/attention_details.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/random_attention.h"
#include "tests/support/random_graph.h"
#include "tests/support/small_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;

constexpr std::size_t kLayers = 4, kPositions = 5, kEdges = 10;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Node feature(std::int32_t layer, std::int32_t position, std::int32_t index) {
  return {NodeKind::kFeature, layer, position, index};
}

/// Two divided edges and one table, with a source of every kind.
AttentionDetails example() {
  AttentionDetails details;
  details.edge_heads.add(
      1, std::vector<EdgePart>{{EdgeWay::kHead, {3, 7}, 0.5F}, {EdgeWay::kResidual, {}, -0.25F}});
  details.edge_heads.add(9, std::vector<EdgePart>{{EdgeWay::kOtherHeads, {}, 1}});
  ScoreTable table{.cell = {.head = {3, 7}, .query = 4, .key = 2, .other_key = 1}, .score = 2};
  table.terms = {{feature(0, 4, 8), Node{NodeKind::kError, 1, 2, -1}, 1},
                 {std::nullopt, Node{NodeKind::kToken, -1, 2, 77}, -1}};
  table.query_marginals = {{feature(3, 4, 0), 0.5}};
  table.key_marginals = {{std::nullopt, 0.25}};
  table.key_positions = {0, 0.5, 0, 0, 0};
  details.tables = {table};
  details.carried = {0.75};
  return details;
}

std::string message_after(const std::function<void(AttentionDetails&)>& spoil) {
  AttentionDetails details = example();
  spoil(details);
  return message_of<std::invalid_argument>(
      [&] { check_attention(details, kLayers, kPositions, kEdges); });
}

std::string after_table(const std::function<void(ScoreTable&)>& spoil) {
  return message_after([&](AttentionDetails& details) { spoil(details.tables[0]); });
}

std::string after_source(const Node& source) {
  return after_table([&](ScoreTable& table) { table.terms[0].query = source; });
}

TEST(AttentionDetails, AreEmptyUntilSomethingIsKnown) {
  EXPECT_TRUE(AttentionDetails{}.empty());
  EXPECT_FALSE(example().empty());
  AttentionDetails tables_alone = example();
  tables_alone.edge_heads = {};
  EXPECT_FALSE(tables_alone.empty());
}

TEST(CheckAttention, TakesWhatIsOfTheGraph) {
  EXPECT_EQ(message_after([](AttentionDetails&) {}), "nothing was thrown");
  EXPECT_EQ(message_after([](AttentionDetails& details) { details = {}; }), "nothing was thrown");
  EXPECT_EQ(message_after([](AttentionDetails& details) {
              details.carried = {};
              details.tables[0].key_positions = {};
              details.tables[0].cell.other_key = std::nullopt;
            }),
            "nothing was thrown");
}

TEST(CheckAttention, RefusesOffsetsThatDoNotFit) {
  const auto after_offsets = [](std::vector<std::size_t> offsets) {
    return message_after([&](AttentionDetails& d) { d.edge_heads.offsets = offsets; });
  };
  const std::string ending = " offsets for 2 edges and 3 parts";
  EXPECT_EQ(after_offsets({}), "[attention] the parts of edges have 0" + ending);
  EXPECT_EQ(after_offsets({0, 3}), "[attention] the parts of edges have 2" + ending);
  EXPECT_EQ(after_offsets({1, 2, 3}), "[attention] the parts of edges have 3" + ending);
  EXPECT_EQ(after_offsets({0, 2, 2}), "[attention] the parts of edges have 3" + ending);
  EXPECT_EQ(after_offsets({0, 4, 3}), "[attention] the parts of edges have 3" + ending);
}

TEST(CheckAttention, RefusesEdgesThatAreNotThereOrNotInOrder) {
  const auto after_edges = [](std::vector<std::size_t> edges) {
    return message_after([&](AttentionDetails& d) { d.edge_heads.edges = edges; });
  };
  EXPECT_EQ(after_edges({1, 10}), "[attention] a divided edge is 10, expected 0 to 9");
  EXPECT_EQ(after_edges({9, 1}), "[attention] the edges that are divided do not ascend");
  EXPECT_EQ(after_edges({1, 1}), "[attention] the edges that are divided do not ascend");
}

TEST(CheckAttention, RefusesPartsThatNoEdgeHas) {
  const auto after_part = [](EdgePart part) {
    return message_after([&](AttentionDetails& d) { d.edge_heads.parts[0] = part; });
  };
  EXPECT_EQ(after_part({EdgeWay::kHead, {4, 0}, 1}),
            "[attention] the layer of a head is 4, expected 0 to 3");
  EXPECT_EQ(after_part({EdgeWay::kHead, {-1, 0}, 1}),
            "[attention] the layer of a head is -1, expected 0 to 3");
  EXPECT_EQ(after_part({EdgeWay::kHead, {0, -1}, 1}), "[attention] a head has the number -1");
  EXPECT_EQ(after_part({EdgeWay::kResidual, {}, std::numeric_limits<float>::infinity()}),
            "[attention] a part of an edge is not finite");
  EXPECT_EQ(after_part({EdgeWay::kResidual, {9, -9}, 1}), "nothing was thrown");  // of no meaning
}

TEST(CheckAttention, RefusesCellsOutsideTheGraph) {
  EXPECT_EQ(after_table([](ScoreTable& t) {
              t.cell.head = {4, 0};
            }),
            "[attention] the layer of a head is 4, expected 0 to 3");
  EXPECT_EQ(after_table([](ScoreTable& t) {
              t.cell.head = {0, -2};
            }),
            "[attention] a head has the number -2");
  EXPECT_EQ(after_table([](ScoreTable& t) { t.cell.query = 5; }),
            "[attention] the query of a score is 5, expected 0 to 4");
  EXPECT_EQ(after_table([](ScoreTable& t) { t.cell.key = -1; }),
            "[attention] the key of a score is -1, expected 0 to 4");
  EXPECT_EQ(after_table([](ScoreTable& t) { t.cell.other_key = 5; }),
            "[attention] the other key of a score is 5, expected 0 to 4");
}

TEST(CheckAttention, RefusesNumbersThatAreNotFinite) {
  for (double ScoreTable::*number :
       {&ScoreTable::score, &ScoreTable::sum, &ScoreTable::absolute_sum, &ScoreTable::soft_cap,
        &ScoreTable::weight, &ScoreTable::other_weight, &ScoreTable::key_bias}) {
    EXPECT_EQ(after_table([&](ScoreTable& t) { t.*number = kNaN; }),
              "[attention] a number of a score table is not finite");
  }
  EXPECT_EQ(after_table([](ScoreTable& t) { t.terms[1].value = kNaN; }),
            "[attention] a term of a score is not finite");
  EXPECT_EQ(after_table([](ScoreTable& t) { t.query_marginals[0].value = kNaN; }),
            "[attention] a marginal of a score is not finite");
  EXPECT_EQ(after_table([](ScoreTable& t) { t.key_marginals[0].value = kNaN; }),
            "[attention] a marginal of a score is not finite");
  EXPECT_EQ(after_table([](ScoreTable& t) { t.key_positions[4] = kNaN; }),
            "[attention] a sum by position is not finite");
  EXPECT_EQ(message_after([](AttentionDetails& d) { d.carried[0] = kNaN; }),
            "[attention] what a score carries is not finite");
}

TEST(CheckAttention, RefusesSourcesThatAreNoNodes) {
  EXPECT_EQ(after_source({NodeKind::kTarget, 4, 4, 7}),
            "[attention] a term of a score is an output");
  EXPECT_EQ(after_source(feature(4, 0, 1)), "[attention] a term's layer is 4, expected 0 to 3");
  EXPECT_EQ(after_source({NodeKind::kError, -1, 0, -1}),
            "[attention] a term's layer is -1, expected 0 to 3");
  EXPECT_EQ(after_source(feature(0, 5, 1)), "[attention] a term's position is 5, expected 0 to 4");
  EXPECT_EQ(after_source({NodeKind::kToken, -1, -1, 7}),
            "[attention] a term's position is -1, expected 0 to 4");
  const auto number = [](int layer, int feature) {
    return "[attention] a term of layer " + std::to_string(layer) + " has the number " +
           std::to_string(feature) + ", which none of its kind has";
  };
  EXPECT_EQ(after_source(feature(2, 0, -1)), number(2, -1));
  EXPECT_EQ(after_source({NodeKind::kError, 2, 0, 5}), number(2, 5));
  EXPECT_EQ(after_source({NodeKind::kError, 2, 0, -2}), number(2, -2));
  EXPECT_EQ(after_source({NodeKind::kToken, 0, 0, 7}), number(0, 7));
  EXPECT_EQ(after_source({NodeKind::kToken, -1, 0, -2}), number(-1, -2));
  EXPECT_EQ(after_source({NodeKind::kToken, -1, 0, -1}), "nothing was thrown");  // unknown id
}

TEST(CheckAttention, LooksAtEverySideAndList) {
  const Node beyond = feature(0, 5, 1);
  const std::string message = "[attention] a term's position is 5, expected 0 to 4";
  EXPECT_EQ(after_table([&](ScoreTable& t) { t.terms[1].key = beyond; }), message);
  EXPECT_EQ(after_table([&](ScoreTable& t) { t.query_marginals[0].source = beyond; }), message);
  EXPECT_EQ(after_table([&](ScoreTable& t) { t.key_marginals[0].source = beyond; }), message);
}

TEST(CheckAttention, RefusesListsOfAnotherLength) {
  EXPECT_EQ(after_table([](ScoreTable& t) { t.key_positions.pop_back(); }),
            "[attention] a score table has 4 sums by position, expected 5");
  EXPECT_EQ(message_after([](AttentionDetails& d) { d.carried.push_back(1); }),
            "[attention] 2 shares for 1 score tables");
}

TEST(SetAttention, KeepsWhatFitsTheGraphAndRefusesTheRest) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    AttributionGraph graph = testing::random_graph({.seed = seed});
    EXPECT_TRUE(graph.attention().empty());
    const AttentionDetails details = testing::random_attention(graph, seed);
    graph.set_attention(details);
    EXPECT_TRUE(testing::same_heads(graph.attention().edge_heads, details.edge_heads));
    EXPECT_TRUE(testing::same_tables(graph.attention(), details));
  }
  AttributionGraph graph = testing::small_graph();  // 2 layers, 2 positions, 10 edges
  AttentionDetails details;
  details.edge_heads.add(9, std::vector<EdgePart>{{EdgeWay::kHead, {1, 0}, 1}});
  graph.set_attention(details);
  details.edge_heads.add(10, std::vector<EdgePart>{{EdgeWay::kResidual, {}, 1}});
  EXPECT_EQ(message_of<std::invalid_argument>([&] { graph.set_attention(details); }),
            "[attention] a divided edge is 10, expected 0 to 9");
  EXPECT_EQ(graph.attention().edge_heads.edges.size(), 1U);  // what was there stays
}

}  // namespace
}  // namespace circuit
