#include "tracer/attention/score_terms.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/autograd_reference.h"
#include "tests/support/throws.h"
#include "tests/tracer/attention/random_scores.h"
#include "tests/tracer/attention/traced_setup.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kCells = 12;
constexpr std::size_t kAll = 100000;

std::vector<ScoreCell> drawn_cells(const TracedSetup& traced) {
  std::mt19937_64 random(3);
  return random_cells(traced.run, kCells, random);
}

std::vector<ScoreTable> tables_of(const TracedSetup& traced, const std::vector<ScoreCell>& cells,
                                  const TableOptions& options) {
  const c10::InferenceMode inference;
  Sources sources(traced.run);
  ScoreSides sides(traced.run, sources);
  return score_tables(traced.run, sides, cells, options);
}

// The column of a source in the autograd reference.
std::int64_t column_of(const TracedSetup& traced, const Node& node) {
  const ActiveFeatureSet& features = traced.run.features;
  const std::int64_t n = traced.run.n_positions();
  if (node.kind == NodeKind::kToken) {
    return features.size() + traced.run.n_layers() * n + node.position;
  }
  if (node.kind == NodeKind::kError) return features.size() + node.layer * n + node.position;
  for (std::int64_t i = 0; i < features.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (features.layers[at] == node.layer && features.positions[at] == node.position &&
        features.features[at] == node.feature) {
      return i;
    }
  }
  ADD_FAILURE() << "no such feature";
  return 0;
}

void expect_marginals(const TracedSetup& traced, const std::vector<ScoreMarginal>& marginals,
                      const at::Tensor& expected, double bound) {
  double sum = 0.0;
  for (const ScoreMarginal& marginal : marginals) {
    if (!marginal.source) continue;
    const double value = expected[column_of(traced, *marginal.source)].item<double>();
    EXPECT_NEAR(marginal.value, value, bound);
    sum += std::abs(value);
  }
  EXPECT_NEAR(sum, expected.abs().sum().item<double>(), bound * 100) << "some are not listed";
}

class ScoresOfEveryModel : public ::testing::TestWithParam<TinyCase> {};

TEST_P(ScoresOfEveryModel, HaveAutogradsMarginalsInDouble) {
  const ThreadScope threads(2);
  const TracedSetup traced(GetParam(), at::kDouble);
  const std::vector<ScoreCell> cells = drawn_cells(traced);
  AutogradOptions options{.every_row = 100000};
  for (const ScoreCell& cell : cells) {
    options.scores.push_back({cell.head.layer, cell.head.head, cell.query, cell.key});
  }
  const AutogradReference reference = autograd_reference(
      traced.setup.model, *traced.setup.transcoders, kIds, 1, kTargetIds, options);
  const std::vector<ScoreTable> tables = tables_of(traced, cells, {.top = kAll});
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const ScoreTable& table = tables[i];
    const auto row = static_cast<std::int64_t>(i);
    const double bound = 1e-10 * table.absolute_sum;
    EXPECT_NEAR(table.score, reference.scores[row].item<double>(), bound);
    EXPECT_NEAR(table.sum, table.score, bound);
    expect_marginals(traced, table.query_marginals, reference.query_rows[row], bound);
    expect_marginals(traced, table.key_marginals, reference.key_rows[row], bound);
    double terms = 0.0, magnitudes = 0.0;
    for (const ScoreTerm& term : table.terms) {
      terms += term.value;
      magnitudes += std::abs(term.value);
    }
    EXPECT_NEAR(terms, table.score, bound);
    EXPECT_NEAR(magnitudes, table.absolute_sum, bound);
    EXPECT_NEAR(
        std::accumulate(table.key_positions.begin(), table.key_positions.end(), table.key_bias),
        table.score, bound);
  }
}

TEST_P(ScoresOfEveryModel, AddUpInSinglePrecision) {
  const ThreadScope threads(2);
  const TracedSetup traced(GetParam(), at::kFloat);
  for (const ScoreTable& table : tables_of(traced, drawn_cells(traced), {})) {
    // A score is itself rounded against the lengths of its query and key, which may be at right
    // angles.
    EXPECT_NEAR(table.sum, table.score,
                1e-5 * table.absolute_sum + 1e-6 * parallel_score(traced.run, table.cell));
    EXPECT_LE(table.terms.size(), 20u);
    EXPECT_EQ(table.soft_cap, traced.setup.model.config.attention_softcap);
    const at::Tensor& pattern =
        traced.run.record.blocks[static_cast<std::size_t>(table.cell.head.layer)].pattern;
    EXPECT_EQ(table.weight,
              pattern[table.cell.head.head][table.cell.query][table.cell.key].item<double>());
  }
}

TEST(ScoreTerms, OfAContrastAreTheDifferencesOfTwoTables) {
  const ThreadScope threads(2);
  const TracedSetup traced(all_tiny_cases().front(), at::kDouble);
  const ScoreCell a{.head = {2, 1}, .query = 5, .key = 4}, b{.head = {2, 1}, .query = 5, .key = 2};
  ScoreCell both = a;
  both.other_key = 2;
  const std::vector<ScoreTable> tables = tables_of(traced, {both, a, b}, {.top = kAll});
  const double bound = 1e-10 * (tables[1].absolute_sum + tables[2].absolute_sum);
  EXPECT_NEAR(tables[0].score, tables[1].score - tables[2].score, bound);
  EXPECT_NEAR(tables[0].sum, tables[0].score, bound);
  EXPECT_EQ(tables[0].weight, tables[1].weight);
  EXPECT_EQ(tables[0].other_weight, tables[2].weight);
  for (std::size_t p = 0; p < kIds.size(); ++p) {
    EXPECT_NEAR(tables[0].key_positions[p], tables[1].key_positions[p] - tables[2].key_positions[p],
                bound);
  }
  EXPECT_GE(tables[0].n_key_sources, std::max(tables[1].n_key_sources, tables[2].n_key_sources));
}

TEST(ScoreTerms, AreTheSameWhateverTheMemoryAndTheThreads) {
  const TracedSetup traced(all_tiny_cases().front(), at::kFloat);
  const std::vector<ScoreCell> cells = drawn_cells(traced);
  const auto with = [&](int threads, std::int64_t memory_bytes) {
    const ThreadScope scope(threads);
    return tables_of(traced, cells, {.top = 3, .memory_bytes = memory_bytes});
  };
  const std::vector<ScoreTable> plenty = with(2, std::int64_t{8} << 30), little = with(1, 1);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    EXPECT_NEAR(plenty[i].sum, little[i].sum, 1e-6 * plenty[i].absolute_sum);
    ASSERT_EQ(plenty[i].terms.size(), little[i].terms.size());
    EXPECT_EQ(plenty[i].score, little[i].score);
  }
}

TEST(ScoreTerms, ListTheLargestOfEachSign) {
  const ThreadScope threads(2);
  const TracedSetup traced(all_tiny_cases().front(), at::kDouble);
  const std::vector<ScoreCell> cells = drawn_cells(traced);
  const std::vector<ScoreTable> all = tables_of(traced, cells, {.top = kAll});
  const std::vector<ScoreTable> some = tables_of(traced, cells, {.top = 2});
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::vector<double> expected;
    for (const bool negative : {false, true}) {
      int count = 0;
      for (const ScoreTerm& term : all[i].terms) {
        if ((term.value < 0) == negative && term.value != 0 && count++ < 2) {
          expected.push_back(term.value);
        }
      }
    }
    std::ranges::sort(expected, std::greater<>(), [](double v) { return std::abs(v); });
    ASSERT_EQ(some[i].terms.size(), expected.size());
    for (std::size_t t = 0; t < expected.size(); ++t) {
      EXPECT_EQ(some[i].terms[t].value, expected[t]);
    }
  }
}

TEST(ScoreTerms, RefuseWhatIsNotThere) {
  const ThreadScope threads(1);
  const TracedSetup traced(all_tiny_cases().front(), at::kFloat);
  const auto message = [&](const ScoreCell& cell) {
    return message_of<std::invalid_argument>([&] { tables_of(traced, {cell}, {}); });
  };
  EXPECT_THAT(message({.head = {9, 0}}),
              HasSubstr("[attention] layer 9 is not there, expected 0 to 2"));
  EXPECT_THAT(message({.head = {0, 4}}), HasSubstr("head 4 is not there, expected 0 to 3"));
  EXPECT_THAT(message({.query = 7}), HasSubstr("query position 7 is not there, expected 0 to 6"));
  EXPECT_THAT(message({.query = 2, .key = 3}),
              HasSubstr("key position 3 lies behind query position 2"));
  EXPECT_THAT(message({.query = 2, .key = -1}), HasSubstr("key position -1 is not there"));
  EXPECT_THAT(message({.query = 2, .key = 1, .other_key = 1}),
              HasSubstr("both keys are position 1"));
}

INSTANTIATE_TEST_SUITE_P(Attention, ScoresOfEveryModel, ::testing::ValuesIn(all_tiny_cases()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace circuit::testing
