// The library's front door: load a model and its transcoders once, trace prompts.
// Installed; no torch type shows.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/graph_validity.h"
#include "tracer/options.h"

namespace circuit {

/// What narrow products cost: rows computed again with products in f32 from the same weights,
/// activations and patterns.
struct Rounding {
  std::int64_t rows = 0;       ///< computed again
  double largest_error = 0.0;  ///< of an edge, over the absolute sum of its row
};

/// One traced prompt: the unpruned graph, and how long the stages took.
struct Trace {
  AttributionGraph graph;
  std::map<std::string, double> seconds;  ///< "forward", "attribute", "similarity"
  /// What the memory plan of the trace expects the process to hold at most, in bytes.
  std::int64_t predicted_peak_bytes = 0;
  std::optional<Rounding> rounding;  ///< with ComputeType::kBF16
  /// The same of the device's memory, where rows were computed on one; else 0.
  std::int64_t predicted_device_peak_bytes = 0;
};

/// The most memory that the process has held so far, in bytes; 0 = unknown.
std::int64_t peak_memory_bytes();

/// How exactly a graph agrees with the model with everything frozen: a source's vector is added,
/// and every pre-activation and target must move by the source's column.
struct Verification {
  std::int64_t perturbed_sources = 0;
  std::int64_t checked_edges = 0;
  double largest_error = 0.0;  ///< |moved - edge| / absolute sum of the edge's row
  std::string worst;           ///< the edge where it occurred
};

/// A model with its transcoders. One at a time per process sets the number of threads; calls are
/// not safe from several threads at once (each uses all of them), but one thread may call
/// `label_features` and `name_features` while another calls `trace`.
class Tracer {
 public:
  /// Throws std::runtime_error `[load_model] …`, `[load_transcoders] …` or `[load_tokenizer] …`,
  /// or when the two do not fit, and `[device] …` when there is no such device.
  explicit Tracer(const LoadOptions& options);
  ~Tracer();
  Tracer(Tracer&&) noexcept;
  Tracer& operator=(Tracer&&) noexcept;

  /// The ids that `input` stands for (docs/method.md, prompts).
  std::vector<std::int32_t> encode(const PromptInput& input) const;
  /// What a token is shown as.
  std::string token_text(std::int32_t id) const;

  Trace trace(const PromptInput& input, const AttributionOptions& options = {},
              const Progress& progress = {}) const;

  /// Names the features of `graph` that lie on `node_mask` [n_nodes] by their top output tokens;
  /// labels that are there already stay.
  void label_features(AttributionGraph& graph, const std::vector<std::uint8_t>& node_mask) const;
  /// Such names for any (layer, feature).
  std::map<std::pair<std::int32_t, std::int32_t>, FeatureLabel> name_features(
      std::span<const std::pair<std::int32_t, std::int32_t>> features) const;

  /// Perturbs `samples` random sources of the graph, chosen by `seed`. Throws
  /// std::invalid_argument when the graph belongs to another model or other transcoders.
  Verification verify(const AttributionGraph& graph, std::int64_t samples,
                      std::uint64_t seed) const;

  /// Validity: ablates and doubles about `features` features of the graph, chosen by `seed` among
  /// all by influence, and measures how the model moves beside what the graph predicts. Throws as
  /// `verify` does.
  GraphValidity measure_validity(const AttributionGraph& graph, std::int64_t features,
                                 std::uint64_t seed) const;

  const std::string& model_name() const;
  /// The most memory of the device that this process has taken so far, in bytes; 0 = unknown, or
  /// the device is the CPU.
  std::int64_t device_peak_memory_bytes() const;

 private:
  friend class HeadTracer;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace circuit
