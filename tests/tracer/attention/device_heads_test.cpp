// Heads and scores on a device whose memory is not the CPU's (tests/support/separate_device.h).
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/support/separate_device.h"
#include "tests/tracer/attention/traced_setup.h"
#include "tracer/attention/edge_split.h"
#include "tracer/attention/loadings.h"
#include "tracer/attention/score_terms.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

void expect_near(const std::vector<double>& found, const std::vector<double>& expected,
                 double bound) {
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], bound);
}

TEST(DeviceHeads, AreThoseOfTheCpu) {
  const ThreadScope threads(2);
  const c10::InferenceMode inference;
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TracedSetup here(tiny, at::kDouble);
    const Model model = load_model(here.setup.directory / "model", at::kDouble, separate_device());
    const auto transcoders = load_transcoders(here.setup.directory / "transcoders",
                                              {.dtype = at::kDouble, .device = separate_device()});
    const ReplacementRun there = run_replacement(model, *transcoders, kIds);
    const AttributionGraph& graph = *here.graph;

    std::mt19937_64 random(2);
    for (int i = 0; i < 3; ++i) {
      const TracedSetup::Ends ends = here.random_edge(random);
      const auto of = [&](const ReplacementRun& run) {
        return head_loadings(run, graph, here.covectors, ends.source, ends.target, {});
      };
      const HeadLoadings found = of(there), expected = of(here.run);
      const double bound = 1e-9 * here.row_scale(ends.target);
      expect_near(found.through, expected.through, bound);
      expect_near(found.last, expected.last, bound);
      expect_near(found.by_hops, expected.by_hops, bound);
      EXPECT_EQ(found.sequences.size(), expected.sequences.size());
    }

    const PrunedGraph pruned = prune(graph);
    const auto split = [&](const ReplacementRun& run) {
      return split_edges(run, graph, pruned, here.covectors, std::int64_t{1} << 30);
    };
    const EdgeSplit found = split(there), expected = split(here.run);
    ASSERT_EQ(found.heads.parts.size(), expected.heads.parts.size());
    for (std::size_t i = 0; i < found.scores.size(); ++i) {
      EXPECT_NEAR(found.scores[i].share, expected.scores[i].share, 1e-9);
    }

    const std::vector<ScoreCell> cells = {{.head = {2, 1}, .query = 6, .key = 6},
                                          {.head = {1, 0}, .query = 0, .key = 0}};
    const auto tables = [&](const ReplacementRun& run) {
      Sources sources(run);
      ScoreSides sides(run, sources);
      return score_tables(run, sides, cells, {});
    };
    const std::vector<ScoreTable> found_tables = tables(there), expected_tables = tables(here.run);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const double bound = 1e-9 * expected_tables[i].absolute_sum;
      EXPECT_NEAR(found_tables[i].sum, expected_tables[i].sum, bound);
      EXPECT_NEAR(found_tables[i].score, expected_tables[i].score, bound);
      expect_near(found_tables[i].key_positions, expected_tables[i].key_positions, bound);
    }
  }
}

}  // namespace
}  // namespace circuit::testing
