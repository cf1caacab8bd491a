#include "export/file/graph_file_attention.h"

#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "export/file/graph_file.h"
#include "tests/export/file/graph_file_parts.h"
#include "tests/support/random_attention.h"
#include "tests/support/random_graph.h"
#include "tests/support/small_graph.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::Parts;
using testing::TempDir;

TEST(GraphFileAttention, LosesNothing) {
  const TempDir folder;
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    AttributionGraph graph = testing::random_graph({.seed = seed});
    graph.set_attention(testing::random_attention(graph, seed));
    write_graph_file(folder / "a", graph, nullptr, {});
    const GraphFile file = read_graph_file(folder / "a");
    const AttentionDetails &was = graph.attention(), &is = file.graph.attention();
    EXPECT_TRUE(testing::same_heads(is.edge_heads, was.edge_heads)) << "seed " << seed;
    EXPECT_TRUE(testing::same_tables(is, was)) << "seed " << seed;
    write_graph_file(folder / "b", file.graph, nullptr, {});
    EXPECT_EQ(testing::read_text(folder / "a"), testing::read_text(folder / "b")) << seed;
  }
}

TEST(GraphFileAttention, TakesNoPlaceWhereNothingIsKnown) {
  const TempDir folder;
  write_graph_file(folder / "a", testing::small_graph(), nullptr, {});
  for (const std::string& name : SafetensorsFile::open(folder / "a").names()) {
    EXPECT_FALSE(name.starts_with("head_") || name.starts_with("score_")) << name;
  }
  EXPECT_TRUE(read_graph_file(folder / "a").graph.attention().empty());
}

/// The hand-made graph of 2 layers, 2 positions and 10 edges with two divided edges and one table.
AttributionGraph graph_with_attention() {
  AttributionGraph graph = testing::small_graph();
  AttentionDetails details;
  details.edge_heads.add(
      3, std::vector<EdgePart>{{EdgeWay::kHead, {1, 4}, 8}, {EdgeWay::kResidual, {}, 3}});
  details.edge_heads.add(7, std::vector<EdgePart>{{EdgeWay::kOtherHeads, {}, 10}});
  ScoreTable table{.cell = {.head = {1, 4}, .query = 1, .key = 0},
                   .score = 2,
                   .sum = 2.5,
                   .absolute_sum = 4,
                   .weight = 0.75,
                   .n_query_sources = 6,
                   .n_key_sources = 5};
  table.terms = {{Node{NodeKind::kFeature, 0, 1, 2}, Node{NodeKind::kToken, -1, 0, 0}, 1.5},
                 {std::nullopt, Node{NodeKind::kError, 0, 0, -1}, -1}};
  table.query_marginals = {{std::nullopt, 0.5}};
  table.key_marginals = {{Node{NodeKind::kFeature, 0, 0, 1}, 0.25}};
  table.key_positions = {2, 0};
  table.key_bias = 0.5;
  details.tables = {table};
  details.carried = {0.125};
  graph.set_attention(details);
  return graph;
}

/// What reading says about the file of that graph after `spoil`, without "[read_graph_file] PATH:
/// ".
std::string error_after(const std::function<void(Parts&)>& spoil) {
  const TempDir folder;
  write_graph_file(folder / "a", graph_with_attention(), nullptr, {});
  Parts parts = testing::parts_of(folder / "a");
  spoil(parts);
  testing::write_parts(folder / "b", parts);
  const std::string message =
      message_of<std::runtime_error>([&] { read_graph_file(folder / "b"); });
  const std::string prefix = "[read_graph_file] " + (folder / "b").string() + ": ";
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

template <typename T>
std::string error_with(const std::string& name, std::size_t index, T value) {
  return error_after([&](Parts& parts) { parts.set<T>(name, index, value); });
}

TEST(GraphFileAttention, HasTheTensorsOfTheContract) {
  const TempDir folder;
  write_graph_file(folder / "a", graph_with_attention(), nullptr, {});
  const SafetensorsFile file = SafetensorsFile::open(folder / "a");
  const std::map<std::string, std::string> expected = {
      {"head_edges", "I64 [2]"},          {"head_offsets", "I64 [3]"},
      {"head_parts", "I32 [3, 2]"},       {"head_weights", "F32 [3]"},
      {"score_cells", "I32 [1, 5]"},      {"score_values", "F64 [1, 7]"},
      {"score_counts", "I64 [1, 6]"},     {"score_carried", "F64 [1]"},
      {"score_terms", "I32 [2, 8]"},      {"score_term_values", "F64 [2]"},
      {"score_marginals", "I32 [2, 4]"},  {"score_marginal_values", "F64 [2]"},
      {"score_key_positions", "F64 [2]"},
  };
  for (const auto& [name, described] : expected) {
    const TensorView& view = file.view(name);
    EXPECT_EQ(std::string(name_of(view.dtype)) + " " + to_string(view.shape), described) << name;
  }
  const auto numbers = [&](const char* name) {
    const TensorView& view = file.view(name);
    std::vector<std::int32_t> values(view.bytes.size() / sizeof(std::int32_t));
    std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
    return values;
  };
  EXPECT_EQ(numbers("head_parts"), (std::vector<std::int32_t>{1, 4, -1, -1, -2, -2}));
  EXPECT_EQ(numbers("score_cells"), (std::vector<std::int32_t>{1, 4, 1, 0, -1}));
  EXPECT_EQ(numbers("score_terms"), (std::vector<std::int32_t>{0, 0, 1, 2, 2, -1, 0, 0,  //
                                                               -1, -1, -1, -1, 1, 0, 0, -1}));
}

TEST(GraphFileAttentionErrors, AreNoneForAGoodFile) {
  EXPECT_EQ(error_after([](Parts&) {}), "nothing was thrown");
  EXPECT_EQ(error_after([](Parts& parts) { parts.erase("score_carried"); }), "nothing was thrown");
}

TEST(GraphFileAttentionErrors, NameMissingTensors) {
  const std::map<std::string, std::string> expected = {
      {"head_edges", "I64 [-1]"},           {"head_offsets", "I64 [3]"},
      {"head_parts", "I32 [-1, 2]"},        {"head_weights", "F32 [3]"},
      {"score_cells", "I32 [-1, 5]"},       {"score_values", "F64 [1, 7]"},
      {"score_counts", "I64 [1, 6]"},       {"score_terms", "I32 [-1, 8]"},
      {"score_term_values", "F64 [2]"},     {"score_marginals", "I32 [-1, 4]"},
      {"score_marginal_values", "F64 [2]"}, {"score_key_positions", "F64 [-1]"},
  };
  for (const auto& [name, shape] : expected) {
    EXPECT_EQ(error_after([&](Parts& parts) { parts.erase(name); }),
              "tensor " + name + ": is missing, expected " + shape);
  }
}

TEST(GraphFileAttentionErrors, NameTensorsOfAnotherLength) {
  for (const char* name : {"head_offsets", "head_weights", "score_term_values",
                           "score_marginal_values", "score_carried"}) {
    const std::string message = error_after([&](Parts& parts) { parts.shorten(name); });
    EXPECT_TRUE(message.starts_with("tensor " + std::string(name) + ": is ")) << message;
  }
}

TEST(GraphFileAttentionErrors, NamePartsThatNoEdgeHas) {
  EXPECT_EQ(error_with<std::int64_t>("head_edges", 1, 10),
            "tensor head_edges: entry 1 is 10, expected 0 to 9");
  EXPECT_EQ(error_with<std::int64_t>("head_edges", 1, 3),
            "tensor head_edges: does not ascend, expected each edge once, in ascending order");
  EXPECT_EQ(error_with<std::int64_t>("head_offsets", 2, 2),
            "tensor head_offsets: runs from 0 to 2, expected ascending from 0 to the 3 parts");
  EXPECT_EQ(error_with<std::int64_t>("head_offsets", 1, 4),
            "tensor head_offsets: runs from 0 to 3 with steps down, expected ascending from 0 to "
            "the 3 parts");
  EXPECT_EQ(error_with<std::int32_t>("head_parts", 0, 2),
            "tensor head_parts: column 0 of row 0 is 2, expected -2 to 1");
  EXPECT_EQ(error_with<std::int32_t>("head_parts", 3, -3),
            "tensor head_parts: column 1 of row 1 is -3, expected -2 to 2147483647");
  const std::string ways = "expected a layer and a head, (-1, -1) or (-2, -2)";
  EXPECT_EQ(error_with<std::int32_t>("head_parts", 3, 0),
            "tensor head_parts: row 1 is (-1, 0), " + ways);
  EXPECT_EQ(error_with<std::int32_t>("head_parts", 1, -1),
            "tensor head_parts: row 0 is (1, -1), " + ways);
  EXPECT_EQ(error_with<float>("head_weights", 2, std::nanf("")),
            "tensor head_weights: entry 2 is nan, expected finite numbers");
}

TEST(GraphFileAttentionErrors, NameCellsAndNumbersThatNoTableHas) {
  const std::string cell = "tensor score_cells: column ";
  EXPECT_EQ(error_with<std::int32_t>("score_cells", 0, 2),
            cell + "0 of row 0 is 2, expected 0 to 1");
  EXPECT_EQ(error_with<std::int32_t>("score_cells", 1, -1),
            cell + "1 of row 0 is -1, expected 0 to 2147483647");
  EXPECT_EQ(error_with<std::int32_t>("score_cells", 2, 2),
            cell + "2 of row 0 is 2, expected 0 to 1");
  EXPECT_EQ(error_with<std::int32_t>("score_cells", 3, -1),
            cell + "3 of row 0 is -1, expected 0 to 1");
  EXPECT_EQ(error_with<std::int32_t>("score_cells", 4, 2),
            cell + "4 of row 0 is 2, expected -1 to 1");
  const double infinity = std::numeric_limits<double>::infinity();
  for (const char* name : {"score_values", "score_carried", "score_term_values",
                           "score_marginal_values", "score_key_positions"}) {
    EXPECT_EQ(error_with(name, 0, infinity),
              "tensor " + std::string(name) + ": entry 0 is inf, expected finite numbers");
  }
}

TEST(GraphFileAttentionErrors, NameCountsThatDoNotFit) {
  const auto after_count = [](std::size_t column, std::int64_t count) {
    return error_with<std::int64_t>("score_counts", column, count);
  };
  EXPECT_EQ(after_count(0, -1),
            "tensor score_counts: entry 0 is -1, expected 0 to 9223372036854775807");
  const std::string sum = "tensor score_counts: does not sum to the rows of ";
  for (const std::int64_t count : {1, 3}) {
    EXPECT_EQ(after_count(2, count), sum + "score_terms, expected 2");
  }
  EXPECT_EQ(after_count(3, 2), sum + "score_marginals, expected 2");
  EXPECT_EQ(after_count(4, std::numeric_limits<std::int64_t>::max()),
            sum + "score_marginals, expected 2");
  EXPECT_EQ(after_count(5, 1), sum + "score_key_positions, expected 2");
  EXPECT_EQ(error_after([](Parts& parts) {
              parts.set<std::int64_t>("score_counts", 5, 1);
              parts.shorten("score_key_positions");
            }),
            "tensor score_counts: a table has 1 sums by position, expected 2 or none");
}

TEST(GraphFileAttentionErrors, NameSourcesThatAreNoNodes) {
  const std::string term = "tensor score_terms: column ",
                    marginal = "tensor score_marginals: column ";
  EXPECT_EQ(error_with<std::int32_t>("score_terms", 0, 3),
            term + "0 of row 0 is 3, expected -1 to 2");
  EXPECT_EQ(error_with<std::int32_t>("score_terms", 1, 2),
            term + "1 of row 0 is 2, expected -1 to 1");
  EXPECT_EQ(error_with<std::int32_t>("score_terms", 14, 2),
            term + "6 of row 1 is 2, expected -1 to 1");
  EXPECT_EQ(error_with<std::int32_t>("score_marginals", 7, -2),
            marginal + "3 of row 1 is -2, expected -1 to 2147483647");
  const std::string bias = ": biases have a layer, a position or a feature, expected -1 for each";
  EXPECT_EQ(error_with<std::int32_t>("score_terms", 9, 0), "tensor score_terms" + bias);
  EXPECT_EQ(error_with<std::int32_t>("score_marginals", 3, 7), "tensor score_marginals" + bias);
  // What only the whole source shows is the graph's to refuse.
  EXPECT_EQ(error_with<std::int32_t>("score_terms", 15, 4),
            "[attention] a term of layer 0 has the number 4, which none of its kind has");
}

}  // namespace
}  // namespace circuit
