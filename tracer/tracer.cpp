#include "tracer/tracer.h"

#include <array>
#include <charconv>
#include <chrono>
#include <set>
#include <sstream>
#include <stdexcept>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "tracer/attribution/attribute.h"
#include "tracer/attribution/check_predictions.h"
#include "tracer/attribution/decoder_similarity.h"
#include "tracer/attribution/feature_names.h"
#include "tracer/loaded_model.h"
#include "tracer/machine/device.h"
#include "tracer/machine/process_memory.h"
#include "tracer/machine/threads.h"
#include "tracer/version.h"
#include "transcoders/weights/content_hash.h"
#include "transcoders/weights/directory_name.h"

namespace circuit {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

const char* name_of(ComputeType type) {
  return type == ComputeType::kF64 ? "f64" : type == ComputeType::kBF16 ? "bf16" : "f32";
}

// The shortest text that reads back as the same number.
std::string number_text(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

// "12,34-56": the ids behind the targets, from which `verify` rebuilds the directions.
std::string target_ids_text(const std::vector<TargetTokens>& tokens) {
  std::string text;
  for (const TargetTokens& one : tokens) {
    text += (text.empty() ? "" : ",") + std::to_string(one.a);
    if (one.b) text += "-" + std::to_string(*one.b);
  }
  return text;
}

std::vector<TargetTokens> parse_target_ids(const AttributionGraph& graph, std::int64_t vocabulary) {
  const auto& settings = graph.provenance().settings;
  const auto found = settings.find("target_ids");
  std::vector<TargetTokens> tokens;
  std::istringstream list(found == settings.end() ? "" : found->second);
  for (std::string one; std::getline(list, one, ',');) {
    std::istringstream item(one);
    TargetTokens ids;
    char dash = 0;
    std::int32_t b = -1;
    item >> ids.a;
    if (item >> dash >> b) ids.b = b;
    if (ids.a < 0 || ids.a >= vocabulary || b >= vocabulary) tokens.clear();
    tokens.push_back(ids);
  }
  if (tokens.size() != graph.n_targets()) {
    throw std::invalid_argument("[verify] the graph file's target_ids name " +
                                std::to_string(tokens.size()) + " targets, expected " +
                                std::to_string(graph.n_targets()));
  }
  return tokens;
}

}  // namespace

struct Tracer::State {
  explicit State(const LoadOptions& load)
      : loaded(load),
        transcoders(load_transcoders(load.transcoders,
                                     {.dtype = scalar_type(load.dtype), .device = loaded.device})) {
    check_fit(loaded.model, *transcoders);
    model_hash = content_hash(loaded.model.files);
    transcoders_hash = content_hash(transcoders->info().files);
  }

  Provenance provenance(std::string prompt, const AttributionOptions& attribution,
                        const ReplacementRun& run, const OutputTargets& outputs) const;

  LoadedModel loaded;
  std::unique_ptr<TranscoderSet> transcoders;
  std::string model_hash, transcoders_hash;
};

Provenance Tracer::State::provenance(std::string prompt, const AttributionOptions& attribution,
                                     const ReplacementRun& run,
                                     const OutputTargets& outputs) const {
  Provenance from;
  from.prompt = std::move(prompt);
  from.model_name = loaded.model.name;
  from.model_hash = model_hash;
  const TranscoderInfo& info = transcoders->info();
  from.transcoders_name = directory_name(info.directory);
  from.transcoders_hash = transcoders_hash;
  from.scan = info.scan;
  from.tool_version = kVersion;
  from.settings = {{"dtype", name_of(loaded.options.dtype)},
                   {"zero-positions", std::to_string(run.zero_positions)},
                   {"vocabulary_size", std::to_string(loaded.model.config.vocabulary_size)},
                   {"target_ids", target_ids_text(outputs.tokens)},
                   {"max-features", std::to_string(attribution.max_features)}};
  if (!loaded.device.is_cpu()) from.settings["device"] = "cuda";
  if (loaded.options.tf32) from.settings["tf32"] = "true";
  if (attribution.similarity) from.settings["similarity"] = "true";
  if (attribution.targets.named.empty()) {
    from.settings["max-logits"] = std::to_string(attribution.targets.max_logits);
    from.settings["logit-prob"] = number_text(attribution.targets.logit_probability);
  }
  if (attribution.max_features != 0 && attribution.max_features < run.features.size()) {
    from.settings["batch-size"] = std::to_string(attribution.batch_size);
    from.settings["update-interval"] = std::to_string(attribution.update_interval);
  }
  return from;
}

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
  const c10::InferenceMode inference;
  use_one_thread_here();
  std::set<std::pair<std::int32_t, std::int32_t>> unnamed;
  for (std::size_t i = 0; i < graph.n_features(); ++i) {
    const Node node = graph.node(i);
    const std::pair key(node.layer, node.feature);
    if (node_mask[i] != 0 && !graph.provenance().feature_labels.contains(key)) unnamed.insert(key);
  }
  const std::vector<std::pair<std::int32_t, std::int32_t>> features(unnamed.begin(), unnamed.end());
  graph.add_feature_labels(
      name_features(state_->loaded.model, *state_->transcoders, state_->loaded.text(), features));
}

Verification Tracer::verify(const AttributionGraph& graph, std::int64_t samples,
                            std::uint64_t seed) const {
  const c10::InferenceMode inference;
  if (graph.provenance().model_hash != state_->model_hash ||
      graph.provenance().transcoders_hash != state_->transcoders_hash) {
    throw std::invalid_argument(
        "[verify] the graph was made with model " + graph.provenance().model_name + " (" +
        graph.provenance().model_hash + ") and transcoders " + graph.provenance().transcoders_hash +
        ", given are " + state_->loaded.model.name + " (" + state_->model_hash + ") and " +
        state_->transcoders_hash);
  }
  const auto& settings = graph.provenance().settings;
  const auto zeroed = settings.find("zero-positions");
  const ReplacementRun run = run_replacement(
      state_->loaded.model, *state_->transcoders, graph.nodes().input_ids,
      zeroed == settings.end() ? std::nullopt : std::optional(std::stoll(zeroed->second)));
  const at::Tensor covectors = target_covectors(
      state_->loaded.model, parse_target_ids(graph, state_->loaded.model.config.vocabulary_size));
  const PredictionCheck check = check_predictions(run, graph, covectors, samples, seed);
  return {.perturbed_sources = check.perturbed_sources,
          .checked_edges = check.checked_edges,
          .largest_error = check.largest_error,
          .worst = check.worst};
}

}  // namespace circuit
