// Reference cases of tests/golden as plain vectors: what other programs computed for a tiny model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "graph/attribution_graph.h"

namespace circuit::testing {

/// One `graph-NAME.safetensors` with the settings beside it; tests/golden/README.md explains both.
struct GoldenCase {
  std::string prompt;
  std::filesystem::path model;        ///< Hugging Face directory
  std::filesystem::path transcoders;  ///< directory in circuit-tracer's layout
  std::int64_t max_n_logits = 0;
  double desired_logit_prob = 0.0;
  std::int64_t batch_size = 0;
  std::int64_t update_interval = 0;
  std::int64_t max_feature_nodes = 0;  ///< 0 = all
  double node_threshold = 0.0;
  double edge_threshold = 0.0;

  std::int32_t n_layers = 0;
  std::size_t vocabulary = 0;
  std::vector<std::int32_t> input_ids;           ///< [n]
  std::vector<float> logits;                     ///< [n, vocabulary]
  std::vector<ActiveFeature> active_features;    ///< [k]
  std::vector<float> activation_values;          ///< [k]
  std::vector<std::int32_t> selected_features;   ///< [s]
  std::vector<float> adjacency;                  ///< [N, N], rows = targets
  std::vector<std::int32_t> logit_token_ids;     ///< [m]
  std::vector<float> logit_probabilities;        ///< [m]
  std::vector<std::uint8_t> node_mask;           ///< [N]
  std::vector<std::uint8_t> edge_mask;           ///< [N, N]
  std::vector<float> node_cumulative_influence;  ///< [N]
  std::vector<float> scores;                     ///< replacement, completeness

  std::size_t n_nodes() const { return node_mask.size(); }
};

/// Reads `CIRCUIT_GOLDEN_DIR`/`name`/graph-`graph`.safetensors, `graph` being "full" or "capped".
/// `golden_dir` is that definition: pass `CIRCUIT_GOLDEN_DIR`. Throws std::runtime_error.
GoldenCase load_golden_case(const std::filesystem::path& golden_dir, std::string_view name,
                            std::string_view graph);

/// The case's own adjacency as a graph; tokens and labels are named after their ids.
AttributionGraph graph_of(const GoldenCase& golden);

}  // namespace circuit::testing
