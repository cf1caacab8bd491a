// The whole pipeline against what circuit-tracer computed (tests/golden/README.md).
#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "graph/influence.h"
#include "graph/prune.h"
#include "graph/scores.h"
#include "tests/support/golden_case.h"
#include "tracer/attribution/attribute.h"
#include "tracer/attribution/check_predictions.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

struct Case {
  const char* name;
  const char* graph;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name << " " << c.graph; }

class Golden : public ::testing::TestWithParam<Case> {
 protected:
  Golden()
      : threads_(2),
        golden_(load_golden_case(CIRCUIT_GOLDEN_DIR, GetParam().name, GetParam().graph)),
        model_(load_model(golden_.model)),
        transcoders_(load_transcoders(golden_.transcoders)) {}

  AttributionGraph trace() const {
    const c10::InferenceMode inference;
    ReplacementRun run = run_replacement(model_, *transcoders_, golden_.input_ids);
    AttributionOptions options;
    options.targets.max_logits = golden_.max_n_logits;
    options.targets.logit_probability = golden_.desired_logit_prob;
    options.max_features = golden_.max_feature_nodes;
    options.batch_size = golden_.batch_size;
    options.update_interval = golden_.update_interval;
    Attribution result = attribute(run, choose_targets(run, options.targets, nullptr), options);
    result.nodes.tokens.assign(golden_.input_ids.size(), "");
    return AttributionGraph(std::move(result.nodes), std::move(result.edges),
                            std::move(result.row_dropped), std::move(result.totals));
  }

  ThreadScope threads_;
  GoldenCase golden_;
  Model model_;
  std::unique_ptr<TranscoderSet> transcoders_;
};

TEST_P(Golden, HasTheSameLogits) {
  const c10::InferenceMode inference;
  const ForwardRecord record = forward(model_, golden_.input_ids, LogitPositions::kAll);
  const at::Tensor logits = record.logits.contiguous();
  ASSERT_EQ(static_cast<std::size_t>(logits.numel()), golden_.logits.size());
  for (std::size_t i = 0; i < golden_.logits.size(); ++i) {
    ASSERT_NEAR(logits.data_ptr<float>()[i], golden_.logits[i], 1e-4);
  }
}

TEST_P(Golden, HasTheSameFeaturesAndTargets) {
  const AttributionGraph graph = trace();
  const GraphNodes& nodes = graph.nodes();
  EXPECT_EQ(nodes.active_features, golden_.active_features);
  EXPECT_EQ(nodes.selected_features, golden_.selected_features);
  ASSERT_EQ(nodes.activation_values.size(), golden_.activation_values.size());
  for (std::size_t i = 0; i < nodes.activation_values.size(); ++i) {
    EXPECT_NEAR(nodes.activation_values[i], golden_.activation_values[i], 1e-4);
  }
  ASSERT_EQ(nodes.targets.size(), golden_.logit_token_ids.size());
  for (std::size_t i = 0; i < nodes.targets.size(); ++i) {
    EXPECT_EQ(nodes.targets[i].token_id, golden_.logit_token_ids[i]);
    EXPECT_NEAR(nodes.targets[i].probability, golden_.logit_probabilities[i], 1e-5);
  }
}

TEST_P(Golden, HasTheSameAdjacency) {
  const AttributionGraph graph = trace();
  const std::size_t n = golden_.n_nodes();
  ASSERT_EQ(graph.n_nodes(), n);
  std::vector<float> dense(n * n, 0.0f);
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t e = graph.edges().begin(row); e < graph.edges().end(row); ++e) {
      dense[row * n + static_cast<std::size_t>(graph.edges().columns[e])] =
          graph.edges().weights[e];
    }
  }
  for (std::size_t i = 0; i < dense.size(); ++i) {
    ASSERT_NEAR(dense[i], golden_.adjacency[i], 3e-5 + 3e-4 * std::abs(golden_.adjacency[i]))
        << "row " << i / n << ", column " << i % n;
  }
  EXPECT_LE(*graph.closure_error(), 1e-5);
}

// Of 100 random features, errors and tokens each (all where there are fewer): adding the source's
// vector to the frozen model moves every feature and target by its edge. Products of f32 bound it.
TEST_P(Golden, PredictsHowFeaturesErrorsAndTokensMoveEverything) {
  const c10::InferenceMode inference;
  const AttributionGraph graph = trace();
  const ReplacementRun run = run_replacement(model_, *transcoders_, golden_.input_ids);
  TargetOptions targets;
  targets.max_logits = golden_.max_n_logits;
  targets.logit_probability = golden_.desired_logit_prob;
  const at::Tensor covectors = choose_targets(run, targets, nullptr).rows.covectors;
  std::mt19937_64 random(0);
  for (const auto& [begin, end] : {std::pair(std::size_t{0}, graph.first_error()),
                                   std::pair(graph.first_error(), graph.first_token()),
                                   std::pair(graph.first_token(), graph.first_target())}) {
    std::vector<std::size_t> sources(end - begin);
    std::iota(sources.begin(), sources.end(), begin);
    std::ranges::shuffle(sources, random);
    sources.resize(std::min<std::size_t>(sources.size(), 100));
    const auto moved = moved_rows(run, graph, covectors, sources);
    for (std::size_t i = 0; i < sources.size(); ++i) {
      for (std::size_t j = 0; j < moved[i].size(); ++j) {
        const std::size_t row =
            j < graph.n_features() ? j : j - graph.n_features() + graph.first_target();
        const auto edge = graph.edges().find(row, sources[i]);
        const double predicted = edge ? graph.edges().weights[*edge] : 0.0;
        ASSERT_NEAR(moved[i][j], predicted, 2e-5 + 1e-4 * std::abs(moved[i][j]))
            << "source " << sources[i] << ", row " << row;
      }
    }
  }
}

TEST_P(Golden, PrunesToTheSameMasksAndScores) {
  const AttributionGraph graph = trace();
  const PrunedGraph pruned = prune(
      graph, {.node_threshold = golden_.node_threshold, .edge_threshold = golden_.edge_threshold});
  EXPECT_EQ(pruned.node_mask, golden_.node_mask);
  const std::size_t n = golden_.n_nodes();
  std::vector<std::uint8_t> edge_mask(n * n, 0);
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t e = graph.edges().begin(row); e < graph.edges().end(row); ++e) {
      edge_mask[row * n + static_cast<std::size_t>(graph.edges().columns[e])] = pruned.edge_mask[e];
    }
  }
  EXPECT_EQ(edge_mask, golden_.edge_mask);
  const Scores scores = compute_scores(graph);
  EXPECT_NEAR(*scores.replacement, golden_.scores[0], 1e-4);
  EXPECT_NEAR(*scores.completeness, golden_.scores[1], 1e-4);
}

TEST_P(Golden, HasTheSameInfluence) {
  const AttributionGraph graph = trace();
  const std::vector<double> ours = compute_influence(graph);
  const std::vector<double> theirs = compute_influence(graph_of(golden_));
  ASSERT_EQ(ours.size(), theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_NEAR(ours[i], theirs[i], 1e-6 + 1e-4 * theirs[i]) << "node " << i;
  }
}

// Cumulative influence is a rank sum: nodes whose influence differs by less than 1e-3 relative
// count as tied, and each may stand anywhere among those it is tied with.
TEST_P(Golden, HasTheSameCumulativeInfluenceUpToTies) {
  const AttributionGraph graph = trace();
  const std::vector<double> influence = compute_influence(graph);
  const PrunedGraph pruned = prune(
      graph, {.node_threshold = golden_.node_threshold, .edge_threshold = golden_.edge_threshold});
  double total = 0.0;
  for (const double x : influence) total += x;
  for (std::size_t i = 0; i < influence.size(); ++i) {
    double tied = 0.0;
    for (std::size_t j = 0; j < influence.size(); ++j) {
      const double larger = std::max(influence[i], influence[j]);
      if (j != i && std::abs(influence[i] - influence[j]) <= 1e-3 * larger) tied += influence[j];
    }
    EXPECT_NEAR(pruned.node_cumulative_influence[i], golden_.node_cumulative_influence[i],
                1e-5 + tied / total)
        << "node " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(
    CircuitTracer, Golden,
    ::testing::Values(Case{"llama-plt-relu", "full"}, Case{"llama-plt-relu", "capped"},
                      Case{"llama-clt-relu", "full"}, Case{"llama-clt-relu", "capped"},
                      Case{"llama-clt-jumprelu", "full"}, Case{"llama-clt-jumprelu", "capped"},
                      Case{"gpt2-plt-relu-resid", "full"}, Case{"gpt2-plt-relu-resid", "capped"},
                      Case{"qwen3-plt-topk-skip", "full"}, Case{"qwen3-plt-topk-skip", "capped"},
                      Case{"gemma2-plt-jumprelu", "full"}, Case{"gemma2-plt-jumprelu", "capped"},
                      Case{"gemma3-clt-jumprelu", "full"}),
    [](const auto& tested) {
      std::string name = std::string(tested.param.name) + "_" + tested.param.graph;
      std::ranges::replace(name, '-', '_');
      return name;
    });

}  // namespace
}  // namespace circuit::testing
