#include "tracer/attribution/attribute.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/support/autograd_reference.h"
#include "tests/support/throws.h"
#include "tests/support/tiny_setup.h"
#include "tracer/attribution/check_predictions.h"
#include "tracer/attribution/target_covectors.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

AttributionGraph graph_of(const Attribution& result) {
  GraphNodes nodes = result.nodes;
  nodes.tokens.assign(nodes.input_ids.size(), "t");
  return AttributionGraph(nodes, result.edges, result.row_dropped, result.totals);
}

const std::vector<std::int32_t> kIds = {0, 7, 3, 19, 7, 30, 11};

TargetOptions named(const std::vector<std::int32_t>& ids) {
  TargetOptions options;
  for (const std::int32_t id : ids) options.named.push_back("#" + std::to_string(id));
  return options;
}

Attribution attribute_all(const TinySetup& setup, const AttributionOptions& options = {},
                          std::int64_t zero_positions = 1) {
  const c10::InferenceMode inference;
  const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds, zero_positions);
  AttributionOptions all = options;
  if (options.targets.named.empty()) all.targets.named = named({4, 9}).named;
  return attribute(run, choose_targets(run, all.targets, nullptr), all);
}

// Largest |edge - reference| / the row's absolute sum, over all columns of every so many features'
// rows and of all targets' rows.
double largest_row_error(const Attribution& result, const AutogradReference& reference,
                         std::int64_t every_row = 1) {
  const AttributionGraph graph = graph_of(result);
  const at::Tensor rows = reference.rows.contiguous();
  double largest = 0.0;
  for (std::int64_t r = 0; r < rows.size(0); ++r) {
    if (r < static_cast<std::int64_t>(graph.n_features()) && r % every_row != 0) continue;
    const auto node = static_cast<std::size_t>(r) < graph.n_features()
                          ? static_cast<std::size_t>(r)
                          : static_cast<std::size_t>(r) - graph.n_features() + graph.first_target();
    std::vector<double> ours(static_cast<std::size_t>(rows.size(1)), 0.0);
    const auto columns = graph.edges().row_columns(node);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      ours[static_cast<std::size_t>(columns[i])] = graph.edges().row_weights(node)[i];
    }
    const double* expected = rows.data_ptr<double>() + r * rows.size(1);
    double sum = 0.0, error = 0.0;
    for (std::size_t c = 0; c < ours.size(); ++c) {
      sum += std::abs(expected[c]);
      error = std::max(error, std::abs(ours[c] - expected[c]));
    }
    largest = std::max(largest, error / (sum > 0.0 ? sum : 1.0));
  }
  return largest;
}

void expect_same_features(const Attribution& result, const AutogradReference& reference) {
  ASSERT_EQ(result.nodes.active_features.size(), reference.active_features.size());
  EXPECT_TRUE(std::ranges::equal(result.nodes.active_features, reference.active_features));
}

class EveryModelAndTranscoder : public ::testing::TestWithParam<TinyCase> {};

TEST_P(EveryModelAndTranscoder, GivesAutogradsRowsInDouble) {
  const ThreadScope threads(2);
  const TinySetup setup(GetParam(), at::kDouble);
  const Attribution result = attribute_all(setup);
  const AutogradReference reference =
      autograd_reference(setup.model, *setup.transcoders, kIds, 1, std::vector{4, 9});
  expect_same_features(result, reference);
  ASSERT_GT(result.nodes.active_features.size(), 20u);
  // Edges are stored as float, so no closer than half a unit in the last place, 6e-8 of the largest
  // edge; RowsBeforeRounding below compares them to 1e-9.
  EXPECT_LT(largest_row_error(result, reference), 6.1e-8);
  for (std::int64_t r = 0; r < reference.rows.size(0); ++r) {
    const double sum = reference.rows[r].abs().sum().item<double>();
    EXPECT_NEAR(result.totals.pre_activations[static_cast<std::size_t>(r)],
                reference.pre_activations[r].item<double>(), 1e-9 * (1.0 + sum));
  }
}

// Contracts gradients with the sources in double, in the plainest way.
class DenseSink : public GradientSink {
 public:
  DenseSink(const ReplacementRun& run, Sources& sources, const BackwardBatch& batch)
      : run_(run),
        sources_(sources),
        batch_(batch),
        rows_(at::zeros({batch.size(), sources.columns().n_columns()}, at::kDouble)) {}

  void write_site(std::int64_t layer, const at::Tensor& gradients) override {
    for (std::int64_t i = 0; i < run_.features.size(); ++i) {
      const auto index = static_cast<std::size_t>(i);
      const std::int64_t from = run_.features.layers[index];
      if (from > layer || run_.transcoders->last_written_layer(from) < layer) continue;
      const at::Tensor vector =
          run_.features.activations[i] *
          run_.transcoders->decoder_rows_into(
              from, at::tensor({static_cast<std::int64_t>(run_.features.features[index])}),
              layer)[0];
      add(layer + 1, run_.features.positions[index], i, gradients, vector);
    }
    for (std::int64_t q = batch_.zero_positions(); q < run_.n_positions(); ++q) {
      add(layer + 1, q, sources_.columns().error_column(layer, q), gradients,
          run_.errors[static_cast<std::size_t>(layer)][q]);
    }
  }
  void embedding(const at::Tensor& gradients) override {
    for (std::int64_t q = batch_.zero_positions(); q < run_.n_positions(); ++q) {
      add(0, q, sources_.columns().token_column(q), gradients, run_.record.token_embeddings[q]);
    }
  }
  void zeroed_values(std::int64_t layer, const at::Tensor& gradients) override {
    const at::Tensor values = sources_.zeroed_token_values(layer);
    for (std::int64_t slot = 0; slot < gradients.size(0); ++slot) {
      for (std::int64_t token = 0; token < batch_.zero_positions(); ++token) {
        rows_[batch_.target(slot)][sources_.columns().token_column(token)] +=
            (gradients[slot] * values.select(1, token)).sum();
      }
    }
  }
  const at::Tensor& rows() const { return rows_; }

 private:
  // Of the targets that read at `layer` or above.
  void add(std::int64_t layer, std::int64_t q, std::int64_t column, const at::Tensor& gradients,
           const at::Tensor& vector) {
    for (std::int64_t slot = 0; slot < batch_.active_slots(layer); ++slot) {
      if (batch_.read(slot).position < q) continue;
      rows_[batch_.target(slot)][column] += at::dot(gradients[batch_.row(slot, q)], vector);
    }
  }

  const ReplacementRun& run_;
  Sources& sources_;
  const BackwardBatch& batch_;
  at::Tensor rows_;
};

TEST_P(EveryModelAndTranscoder, GivesAutogradsRowsBeforeRounding) {
  const ThreadScope threads(1);
  const TinySetup setup(GetParam(), at::kDouble);
  const AutogradReference reference =
      autograd_reference(setup.model, *setup.transcoders, kIds, 1, std::vector{4, 9});
  const c10::InferenceMode inference;
  const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds, 1);
  std::vector<ReadPoint> reads;
  std::vector<at::Tensor> covectors;
  for (const ActiveFeature& f : reference.active_features) {
    reads.push_back({.layer = f.layer, .position = f.position});
    covectors.push_back(setup.transcoders->encoder_rows(
        f.layer, at::tensor({static_cast<std::int64_t>(f.feature)}, at::kLong)));
  }
  const OutputTargets outputs = choose_targets(run, named({4, 9}), nullptr);
  reads.insert(reads.end(), outputs.rows.reads.begin(), outputs.rows.reads.end());
  covectors.push_back(outputs.rows.covectors);
  Sources sources(run);
  const BackwardBatch batch(reads, run.n_layers(), 1);
  DenseSink sink(run, sources, batch);
  LinearBackward(run).sweep(batch, at::cat(covectors), sink);
  const at::Tensor difference = (sink.rows() - reference.rows).abs().amax(1);
  const at::Tensor sums = reference.rows.abs().sum(1);
  EXPECT_LT((difference / sums.clamp_min(1e-30)).max().item<double>(), 1e-9);
}

TEST_P(EveryModelAndTranscoder, GivesAutogradsRowsInFloat) {
  const ThreadScope threads(2);
  const TinySetup setup(GetParam(), at::kFloat);
  const TinySetup exact(GetParam(), at::kDouble);
  const Attribution result = attribute_all(setup);
  const AutogradReference reference =
      autograd_reference(exact.model, *exact.transcoders, kIds, 1, std::vector{4, 9});
  expect_same_features(result, reference);
  EXPECT_LT(largest_row_error(result, reference), 1e-5);
  EXPECT_LE(*graph_of(result).closure_error(), 1e-5);
}

TEST_P(EveryModelAndTranscoder, PredictsWhatAddingOneSourceDoes) {
  const ThreadScope threads(2);
  const TinySetup setup(GetParam(), at::kDouble);
  for (const std::int64_t zero_positions : {1, 3}) {
    const AttributionGraph graph = graph_of(attribute_all(setup, {}, zero_positions));
    EXPECT_LE(*graph.closure_error(), 1e-12);
    const c10::InferenceMode inference;
    const ReplacementRun run =
        run_replacement(setup.model, *setup.transcoders, kIds, zero_positions);
    const std::vector<TargetTokens> targets = {{.a = 4, .b = {}}, {.a = 9, .b = {}}};
    const PredictionCheck check = check_predictions(
        run, graph, target_covectors(setup.model, targets), /*samples=*/1000, /*seed=*/0);
    EXPECT_EQ(static_cast<std::size_t>(check.perturbed_sources), graph.first_target());
    EXPECT_LT(check.largest_error, 6.1e-8) << check.worst;
  }
}

// Targets of all kinds: tokens, a difference and a vector after position 4, a feature that fires,
// one that does not, and features of the first and of the last layer.
struct MixedTargets {
  MixedTargets(const TinySetup& setup, const AutogradReference& plain) {
    constexpr std::int64_t kPosition = 4;
    const std::int64_t last_layer = setup.model.config.n_layers - 1;
    std::vector<float> vector(static_cast<std::size_t>(setup.model.config.d_model));
    for (std::size_t i = 0; i < vector.size(); ++i) {
      vector[i] = static_cast<float>(std::sin(1.0 + static_cast<double>(i)));
    }
    options.named = {"#4", "#9"};
    options.position = kPosition;
    for (const std::int64_t id : {4, 9}) expected.push_back({.position = kPosition, .token = id});
    const auto fires = [&](std::int64_t layer, std::int64_t position, std::int64_t feature) {
      return std::ranges::any_of(plain.active_features, [&](const ActiveFeature& active) {
        return active.layer == layer && active.position == position && active.feature == feature;
      });
    };
    bool silent = false;
    for (const std::int64_t layer : {std::int64_t{0}, std::int64_t{1}, last_layer}) {
      for (const std::int64_t position : {3, 5, 6}) {
        const std::int64_t feature = 7 * position % 30 + layer;
        silent = silent || !fires(layer, position, feature);
        options.features.push_back({.layer = layer, .feature = feature, .position = position - 7});
        expected.push_back({.position = position, .layer = layer, .feature = feature});
      }
    }
    EXPECT_TRUE(silent);
    const auto is_listed = [&](const ActiveFeature& active) {
      return std::ranges::any_of(expected, [&](const AutogradTarget& target) {
        return active == ActiveFeature{static_cast<std::int32_t>(target.layer),
                                       static_cast<std::int32_t>(target.position),
                                       static_cast<std::int32_t>(target.feature)};
      });
    };
    const auto active =
        std::find_if_not(plain.active_features.rbegin(), plain.active_features.rend(), is_listed);
    options.features.push_back({.layer = active->layer,
                                .feature = active->feature,
                                .position = active->position,
                                .weight = 0.25});
    expected.push_back(
        {.position = active->position, .layer = active->layer, .feature = active->feature});
    options.vectors = {{.label = "v", .vector = vector}};
    expected.push_back({.position = kPosition, .vector = vector});
  }

  TargetOptions options;
  std::vector<AutogradTarget> expected;
};

TEST_P(EveryModelAndTranscoder, ExplainsEarlierPositionsFeaturesAndVectors) {
  const ThreadScope threads(2);
  const TinySetup exact(GetParam(), at::kDouble), single(GetParam(), at::kFloat);
  const MixedTargets mixed(
      exact, autograd_reference(exact.model, *exact.transcoders, kIds, 1, {}, {.every_row = 1000}));
  const AutogradReference reference = autograd_reference(
      exact.model, *exact.transcoders, kIds, 1, {}, {.every_row = 5, .targets = mixed.expected});
  AttributionOptions options;
  options.targets = mixed.options;
  const Attribution result = attribute_all(exact, options);
  expect_same_features(result, reference);
  ASSERT_EQ(result.nodes.targets.size(), mixed.expected.size());
  EXPECT_LT(largest_row_error(result, reference, 5), 6.1e-8);
  EXPECT_LE(*graph_of(result).closure_error(), 1e-12);
  for (std::int64_t r = 0; r < reference.rows.size(0); ++r) {
    EXPECT_NEAR(result.totals.pre_activations[static_cast<std::size_t>(r)],
                reference.pre_activations[r].item<double>(),
                1e-9 * (1.0 + std::abs(reference.pre_activations[r].item<double>())));
  }
  const Attribution in_float = attribute_all(single, options);
  EXPECT_LT(largest_row_error(in_float, reference, 5), 1e-5);
  EXPECT_LE(*graph_of(in_float).closure_error(), 1e-5);
}

TEST_P(EveryModelAndTranscoder, PredictsHowTargetsOfAllKindsMove) {
  const ThreadScope threads(2);
  const TinySetup setup(GetParam(), at::kDouble);
  AttributionOptions options;
  options.targets = MixedTargets(setup, autograd_reference(setup.model, *setup.transcoders, kIds, 1,
                                                           {}, {.every_row = 1000}))
                        .options;
  for (const std::int64_t zero_positions : {1, 3}) {
    const c10::InferenceMode inference;
    const ReplacementRun run =
        run_replacement(setup.model, *setup.transcoders, kIds, zero_positions);
    const OutputTargets outputs = choose_targets(run, options.targets, nullptr);
    const AttributionGraph graph = graph_of(attribute(run, outputs, options));
    const PredictionCheck check =
        check_predictions(run, graph, outputs.rows.covectors, /*samples=*/60, /*seed=*/0);
    EXPECT_LT(check.largest_error, 6.1e-8) << check.worst;
  }
}

INSTANTIATE_TEST_SUITE_P(Tiny, EveryModelAndTranscoder, ::testing::ValuesIn(all_tiny_cases()),
                         [](const auto& tested) { return tested.param.name; });

TEST(Attribute, GivesTheSameBytesForAnyNumberOfThreads) {
  std::vector<Attribution> results;
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  for (const int count : {1, 2, 4}) {
    const ThreadScope threads(count);
    results.push_back(attribute_all(setup));
  }
  for (const Attribution& other : results) {
    EXPECT_EQ(other.edges.columns, results[0].edges.columns);
    ASSERT_EQ(other.edges.weights.size(), results[0].edges.weights.size());
    EXPECT_EQ(std::memcmp(other.edges.weights.data(), results[0].edges.weights.data(),
                          other.edges.weights.size() * sizeof(float)),
              0);
  }
}

Attribution attribute_with(const TinySetup& setup, const AttributionOptions& options,
                           const MemoryPlan& plan, std::int64_t keep_decoder_bytes) {
  const c10::InferenceMode inference;
  const ReplacementRun run =
      run_replacement(setup.model, *setup.transcoders, kIds, 1, keep_decoder_bytes);
  Sources sources(run);
  return attribute(run, choose_targets(run, named({4, 9}), nullptr), options, sources, plan);
}

// One target a batch, a few, all; rows in memory and in a file; decoder rows kept and read again.
TEST(Attribute, DependsOnTheMemoryBudgetOnlyByRounding) {
  const ThreadScope threads(2);
  std::set<bool> kinds;
  const std::vector<TinyCase> cases = all_tiny_cases();
  for (std::size_t tiny = 0; tiny < cases.size(); tiny += 5) {
    SCOPED_TRACE(cases[tiny].name);
    kinds.insert(cases[tiny].transcoders.cross_layer);
    const TinySetup setup(cases[tiny], at::kFloat);
    for (const std::int64_t max_features : {0, 15}) {
      AttributionOptions options;
      options.max_features = max_features;
      options.batch_size = 4;
      options.update_interval = 1;
      const MemoryPlan ample = {.batch_bytes = 1 << 30, .resident_row_bytes = 1 << 30};
      const Attribution whole = attribute_with(setup, options, ample, 1 << 30);
      for (const MemoryPlan& plan :
           {MemoryPlan{.batch_bytes = 1, .resident_row_bytes = 0},
            MemoryPlan{.batch_bytes = 5000, .resident_row_bytes = 3000}, ample}) {
        const Attribution parts = attribute_with(setup, options, plan, 0);
        ASSERT_EQ(parts.nodes.selected_features, whole.nodes.selected_features);
        ASSERT_EQ(parts.edges.columns, whole.edges.columns);
        for (std::size_t row = 0; row < whole.edges.rows(); ++row) {
          float largest = 0.0f;
          for (const float w : whole.edges.row_weights(row)) {
            largest = std::max(largest, std::abs(w));
          }
          for (std::size_t i = 0; i < whole.edges.size(row); ++i) {
            ASSERT_NEAR(parts.edges.row_weights(row)[i], whole.edges.row_weights(row)[i],
                        1e-5f * largest);
          }
        }
      }
    }
  }
  EXPECT_EQ(kinds.size(), 2u);  // per-layer and cross-layer
}

TEST(Attribute, RefusesABudgetThatIsTooSmall) {
  const ThreadScope threads(1);
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  AttributionOptions options;
  options.memory_bytes = 1 << 20;
  const std::string said = message_of<std::runtime_error>([&] { attribute_all(setup, options); });
  EXPECT_TRUE(said.starts_with("[trace] --memory is 1 MiB, expected at least ")) << said;
}

TEST(Attribute, DoesNotDependOnTheRankingRoundWhenAllFeaturesAreSelected) {
  const ThreadScope threads(2);
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  const Attribution whole = attribute_all(setup);
  for (const std::int64_t batch_size : {1, 7, 1000}) {
    for (const std::int64_t max_features : {std::int64_t{0}, std::int64_t{100000}}) {
      AttributionOptions options;
      options.batch_size = batch_size;
      options.update_interval = 1;
      options.max_features = max_features;
      const Attribution other = attribute_all(setup, options);
      EXPECT_EQ(other.edges.columns, whole.edges.columns);
      EXPECT_EQ(other.edges.weights, whole.edges.weights);
    }
  }
}

TEST(Attribute, KeepsTheRowsOfSelectedFeaturesWhenCapped) {
  const ThreadScope threads(2);
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  const Attribution whole = attribute_all(setup);
  AttributionOptions options;
  options.max_features = 15;
  options.batch_size = 2;
  options.update_interval = 3;
  const Attribution capped = attribute_all(setup, options);
  ASSERT_EQ(capped.nodes.selected_features.size(), 15u);
  EXPECT_TRUE(std::ranges::is_sorted(capped.nodes.selected_features));
  const AttributionGraph full = graph_of(whole), some = graph_of(capped);
  for (std::size_t i = 0; i < some.n_features(); ++i) {
    const auto original = static_cast<std::size_t>(capped.nodes.selected_features[i]);
    EXPECT_NEAR(capped.totals.totals[i], whole.totals.totals[original], 1e-5);
    EXPECT_GE(some.row_dropped()[i], 0.0f);
    double kept = 0.0;
    for (const float w : some.edges().row_weights(i)) kept += std::abs(w);
    EXPECT_NEAR(kept, capped.totals.absolute_totals[i] * (1.0 - some.row_dropped()[i]), 1e-5);
  }
}

TEST(Attribute, RefusesOptionsOutOfRange) {
  const ThreadScope threads(1);
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  AttributionOptions options;
  options.max_features = -1;
  EXPECT_EQ(message_of<std::invalid_argument>([&] { attribute_all(setup, options); }),
            "[attribute] --max-features is -1, expected at least 0");
}

}  // namespace
}  // namespace circuit::testing
