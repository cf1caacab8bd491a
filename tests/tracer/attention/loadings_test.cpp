#include "tracer/attention/loadings.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/autograd_reference.h"
#include "tests/support/throws.h"
#include "tests/tracer/attention/traced_setup.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kEdges = 12;

double sum(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// Rows of the outputs and of every 7th feature, with patterns multiplied by factors
// [n_layers, n_heads].
at::Tensor rows_with(const TracedSetup& traced, const at::Tensor& factors) {
  AutogradOptions options{.every_row = 7, .targets = traced.more_targets};
  for (std::int64_t l = 0; l < factors.size(0); ++l) options.head_factors.push_back(factors[l]);
  return autograd_reference(traced.setup.model, *traced.setup.transcoders, kIds, 1, kTargetIds,
                            options)
      .rows;
}

class LoadingsOfEveryModel : public ::testing::TestWithParam<TinyCase> {};

struct Sample {
  TracedSetup::Ends ends;
  HeadLoadings loadings;
};

std::vector<Sample> samples_of(const TracedSetup& traced, bool referenced) {
  std::mt19937_64 random(5);
  std::vector<Sample> samples;
  while (samples.size() < kEdges) {
    const TracedSetup::Ends ends = traced.random_edge(random);
    if (referenced && ends.target < traced.graph->n_features() && ends.target % 7 != 0) continue;
    const c10::InferenceMode inference;
    samples.push_back({ends, head_loadings(traced.run, *traced.graph, traced.covectors, ends.source,
                                           ends.target, {.sequences = 6, .beam = 1000})});
  }
  return samples;
}

// A layer's heads alone: with the patterns of its other heads set to zero an edge is what passes
// the head and what passes beside the layer's attention.
TEST_P(LoadingsOfEveryModel, AreTheEdgeWithThePatternsOfTheOtherHeadsSetToZero) {
  const ThreadScope threads(2);
  const TracedSetup traced(GetParam(), at::kDouble);
  const std::vector<Sample> samples = samples_of(traced, /*referenced=*/true);
  const ModelConfig& c = traced.setup.model.config;
  const at::Tensor ones = at::ones({c.n_layers, c.n_heads}, at::kDouble);
  const std::int64_t layer = 1;
  std::vector<at::Tensor> rows;
  for (std::int64_t h = 0; h < c.n_heads; ++h) {
    at::Tensor factors = ones.clone();
    factors[layer].zero_();
    factors[layer][h] = 1.0;
    rows.push_back(rows_with(traced, factors));
  }
  int passed = 0;
  for (const Sample& sample : samples) {
    const HeadLoadings& found = sample.loadings;
    const std::int64_t at = layer - found.first_layer;
    if (at < 0 || at >= found.n_layers) continue;
    ++passed;
    for (std::int64_t h = 0; h < c.n_heads; ++h) {
      const double expected =
          rows[static_cast<std::size_t>(h)][traced.reference_row(sample.ends.target)]
              [static_cast<std::int64_t>(sample.ends.source)]
                  .item<double>();
      const double loading = found.through[static_cast<std::size_t>(at * c.n_heads + h)];
      EXPECT_NEAR(loading + found.past[static_cast<std::size_t>(at)], expected,
                  1e-9 * traced.row_scale(sample.ends.target));
    }
  }
  EXPECT_GT(passed, 0);
}

// Every head's part as the last one: that of its layer alone, with none above.
TEST_P(LoadingsOfEveryModel, CountHopsAndLastHeadsAsAutogradDoes) {
  const ThreadScope threads(2);
  const TracedSetup traced(GetParam(), at::kDouble);
  const std::vector<Sample> samples = samples_of(traced, /*referenced=*/true);
  const ModelConfig& c = traced.setup.model.config;
  const at::Tensor ones = at::ones({c.n_layers, c.n_heads}, at::kDouble);
  // All patterns scaled by t: a polynomial whose coefficients are the parts by hops.
  std::map<double, at::Tensor> scaled;
  for (const double t : {0.0, 0.5, 1.0, -1.0}) scaled[t] = rows_with(traced, ones * t);
  at::Tensor cut = ones.clone();
  cut.narrow(0, 1, c.n_layers - 1).zero_();
  const at::Tensor below = rows_with(traced, cut);
  for (const Sample& sample : samples) {
    const HeadLoadings& found = sample.loadings;
    const double scale = traced.row_scale(sample.ends.target);
    const auto expected = [&](const at::Tensor& rows) {
      return rows[traced.reference_row(sample.ends.target)]
                 [static_cast<std::int64_t>(sample.ends.source)]
                     .item<double>();
    };
    for (const auto& [t, rows] : scaled) {
      double value = 0.0, power = 1.0;
      for (const double part : found.by_hops) value += part * power, power *= t;
      EXPECT_NEAR(value, expected(rows), 1e-9 * scale) << "t = " << t;
    }
    double in_first = 0.0;  // last heads of layer 0 alone
    if (found.first_layer == 0) {
      for (std::int64_t h = 0; h < c.n_heads; ++h)
        in_first += found.last[static_cast<std::size_t>(h)];
    }
    EXPECT_NEAR(found.residual + in_first, expected(below), 1e-9 * scale);
  }
}

TEST_P(LoadingsOfEveryModel, AddUpToTheEdgeInSinglePrecision) {
  const ThreadScope threads(2);
  const TracedSetup traced(GetParam(), at::kFloat);
  for (const Sample& sample : samples_of(traced, /*referenced=*/false)) {
    const HeadLoadings& found = sample.loadings;
    const double bound = 1e-5 * found.absolute_sum + 1e-6 * traced.row_scale(sample.ends.target);
    EXPECT_NEAR(found.edge, found.stored, bound);
    EXPECT_NEAR(found.residual + sum(found.last), found.edge, bound);
    EXPECT_NEAR(sum(found.by_hops), found.edge, bound);
    for (std::size_t layer = 0; layer < found.past.size(); ++layer) {
      const auto first = found.through.begin() + static_cast<std::ptrdiff_t>(layer) * found.n_heads;
      EXPECT_NEAR(std::accumulate(first, first + found.n_heads, found.past[layer]), found.edge,
                  bound);
    }
  }
}

// Inclusion and exclusion: what passes two heads and no other is the edge with only these two, less
// what passes one of them or none.
TEST(Loadings, ListSequencesOfHeads) {
  const ThreadScope threads(2);
  const TracedSetup traced(all_tiny_cases().front(), at::kDouble);
  const ModelConfig& c = traced.setup.model.config;
  const auto only = [&](const std::vector<Head>& heads) {
    at::Tensor factors = at::zeros({c.n_layers, c.n_heads}, at::kDouble);
    for (const Head& head : heads) factors[head.layer][head.head] = 1.0;
    return rows_with(traced, factors);
  };
  int longer = 0;
  for (const Sample& sample : samples_of(traced, /*referenced=*/true)) {
    for (const HeadSequence& sequence : sample.loadings.sequences) {
      if (sequence.heads.size() != 2 || ++longer > 4) continue;
      const auto value = [&](const std::vector<Head>& heads) {
        return only(heads)[traced.reference_row(sample.ends.target)]
                          [static_cast<std::int64_t>(sample.ends.source)]
                              .item<double>();
      };
      EXPECT_NEAR(sequence.weight,
                  value(sequence.heads) - value({sequence.heads[0]}) - value({sequence.heads[1]}) +
                      value({}),
                  1e-9 * traced.row_scale(sample.ends.target));
    }
  }
  EXPECT_GT(longer, 2);
}

// With room for all, the parts by hops are those of the sequences.
TEST(Loadings, FindAllSequencesWhenTheBeamIsWideEnough) {
  const ThreadScope threads(2);
  for (const TinyCase& tiny : {all_tiny_cases().front(), all_tiny_cases().back()}) {
    const TracedSetup traced(tiny, at::kDouble);
    std::mt19937_64 random(9);
    const c10::InferenceMode inference;
    for (int i = 0; i < kEdges; ++i) {
      const TracedSetup::Ends ends = traced.random_edge(random);
      const HeadLoadings all =
          head_loadings(traced.run, *traced.graph, traced.covectors, ends.source, ends.target,
                        {.sequences = 100000, .beam = 100000});
      std::vector<double> by_hops(all.by_hops.size());
      by_hops[0] = all.residual;
      for (const HeadSequence& sequence : all.sequences) {
        by_hops[sequence.heads.size()] += sequence.weight;
        EXPECT_TRUE(std::ranges::is_sorted(sequence.heads, {}, &Head::layer));
      }
      for (std::size_t hops = 0; hops < by_hops.size(); ++hops) {
        EXPECT_NEAR(by_hops[hops], all.by_hops[hops], 1e-9 * traced.row_scale(ends.target));
      }
      const HeadLoadings few =
          head_loadings(traced.run, *traced.graph, traced.covectors, ends.source, ends.target,
                        {.sequences = 3, .beam = 100000});
      for (std::size_t s = 0; s < few.sequences.size(); ++s) {
        EXPECT_EQ(few.sequences[s].heads, all.sequences[s].heads);
      }
    }
  }
}

TEST(Loadings, RefuseEndsBetweenWhichThereIsNoEdge) {
  const ThreadScope threads(1);
  const TracedSetup traced(all_tiny_cases().front(), at::kFloat);
  const AttributionGraph& graph = *traced.graph;
  const auto between = [&](std::size_t source, std::size_t target) {
    return [&, source, target] {
      const c10::InferenceMode inference;
      head_loadings(traced.run, graph, traced.covectors, source, target, {});
    };
  };
  const auto message = [](const auto& action) { return message_of<std::invalid_argument>(action); };
  EXPECT_THAT(message(between(graph.first_target(), 0)),
              HasSubstr("[attention] an output has no edges out of it"));
  EXPECT_THAT(message(between(0, graph.first_token())),
              HasSubstr("[attention] errors and tokens have no edges into them"));
  EXPECT_THAT(message(between(graph.n_features() - 1, 0)),
              HasSubstr("expected a target above its source"));
  EXPECT_THAT(message(between(graph.first_token() + 6, 0)),
              HasSubstr("expected a target at the same or a later one"));
  EXPECT_THAT(message(between(0, graph.n_nodes())), HasSubstr("[attention] no such node"));
}

INSTANTIATE_TEST_SUITE_P(Attention, LoadingsOfEveryModel, ::testing::ValuesIn(all_tiny_cases()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace circuit::testing
