#include "tracer/tracer.h"

#include <chrono>
#include <set>
#include <utility>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "graph/influence.h"
#include "tracer/attribution/attribute.h"
#include "tracer/attribution/check_predictions.h"
#include "tracer/attribution/decoder_similarity.h"
#include "tracer/attribution/feature_names.h"
#include "tracer/machine/device.h"
#include "tracer/machine/process_memory.h"
#include "tracer/machine/threads.h"
#include "tracer/tracer_state.h"
#include "tracer/validity/probe_features.h"

namespace circuit {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Tracer::Tracer(const LoadOptions& options) {
  const c10::InferenceMode inference;
  state_ = std::make_unique<State>(options);
}

Tracer::~Tracer() = default;
Tracer::Tracer(Tracer&&) noexcept = default;
Tracer& Tracer::operator=(Tracer&&) noexcept = default;

std::vector<std::int32_t> Tracer::encode(const PromptInput& input) const {
  return state_->loaded.encode(input).ids;
}

std::string Tracer::token_text(std::int32_t id) const {
  return shown_token(state_->loaded.text(), id);
}

std::int64_t Tracer::device_peak_memory_bytes() const {
  const std::optional<DeviceMemory> memory = device_memory(state_->loaded.device);
  return memory ? memory->peak : 0;
}

const std::string& Tracer::model_name() const { return state_->loaded.model.name; }

Trace Tracer::trace(const PromptInput& input, const AttributionOptions& options,
                    const Progress& progress) const {
  const c10::InferenceMode inference;
  auto [ids, text, positions] = state_->loaded.encode(input);
  const auto started = std::chrono::steady_clock::now();
  const ReplacementRun run =
      run_replacement(state_->loaded.model, *state_->transcoders, ids, options.zero_positions,
                      (options.memory_bytes - resident_memory_bytes()) / 2);
  const OutputTargets outputs = choose_targets(run, options.targets, state_->loaded.text());
  const double forward_seconds = seconds_since(started);

  const auto attribution_started = std::chrono::steady_clock::now();
  Provenance provenance = state_->provenance(std::move(text), options, run, outputs);
  Attribution result = attribute(run, outputs, options, progress);
  const std::optional<Rounding> rounding =
      result.rounding ? std::optional(Rounding{.rows = result.rounding->rows,
                                               .largest_error = result.rounding->largest_error})
                      : std::nullopt;
  const MemoryPlan plan = result.plan;
  std::map<std::string, double> seconds = {{"forward", forward_seconds},
                                           {"attribute", seconds_since(attribution_started)}};
  FeatureSimilarity similarity;
  if (options.similarity) {
    const auto similarity_started = std::chrono::steady_clock::now();
    similarity = find_similarity(run, result.nodes.selected_features);
    seconds["similarity"] = seconds_since(similarity_started);
  }
  result.nodes.tokens = state_->loaded.tokens_of(ids);
  AttributionGraph graph(std::move(result.nodes), std::move(result.edges),
                         std::move(result.row_dropped), std::move(result.totals),
                         std::move(provenance), std::move(similarity));
  return {.graph = std::move(graph),
          .seconds = std::move(seconds),
          .predicted_peak_bytes = plan.predicted_peak_bytes,
          .rounding = rounding,
          .predicted_device_peak_bytes = plan.device ? plan.device->predicted_peak_bytes : 0};
}

void Tracer::label_features(AttributionGraph& graph,
                            const std::vector<std::uint8_t>& node_mask) const {
  std::set<std::pair<std::int32_t, std::int32_t>> unnamed;
  for (std::size_t i = 0; i < graph.n_features(); ++i) {
    const Node node = graph.node(i);
    const std::pair key(node.layer, node.feature);
    if (node_mask[i] != 0 && !graph.provenance().feature_labels.contains(key)) unnamed.insert(key);
  }
  const std::vector<std::pair<std::int32_t, std::int32_t>> features(unnamed.begin(), unnamed.end());
  graph.add_feature_labels(name_features(features));
}

std::map<std::pair<std::int32_t, std::int32_t>, FeatureLabel> Tracer::name_features(
    std::span<const std::pair<std::int32_t, std::int32_t>> features) const {
  if (features.empty()) return {};
  const c10::InferenceMode inference;
  use_one_thread_here();
  return circuit::name_features(state_->loaded.model, *state_->transcoders, state_->loaded.text(),
                                features);
}

Verification Tracer::verify(const AttributionGraph& graph, std::int64_t samples,
                            std::uint64_t seed) const {
  const c10::InferenceMode inference;
  const ReplacementRun run = state_->run_again(graph, "verify");
  const at::Tensor covectors = state_->covectors_of(graph, "verify");
  const PredictionCheck check = check_predictions(run, graph, covectors, samples, seed);
  return {.perturbed_sources = check.perturbed_sources,
          .checked_edges = check.checked_edges,
          .largest_error = check.largest_error,
          .worst = check.worst};
}

GraphValidity Tracer::measure_validity(const AttributionGraph& graph, std::int64_t features,
                                       std::uint64_t seed) const {
  const c10::InferenceMode inference;
  const ReplacementRun run = state_->run_again(graph, "verify");
  const std::vector<double> influence = compute_influence(graph);
  const std::vector<std::size_t> nodes = draw_by_influence(
      std::span(influence).first(graph.n_features()), static_cast<std::size_t>(features), seed);
  return summarise_probes(probe_features(run, graph, nodes), graph.n_features());
}

}  // namespace circuit
