#include "tracer/tracer_state.h"

#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "tracer/attribution/check_predictions.h"
#include "tracer/attribution/target_covectors.h"
#include "tracer/version.h"
#include "transcoders/weights/content_hash.h"
#include "transcoders/weights/directory_name.h"

namespace circuit {
namespace {

const char* name_of(ComputeType type) {
  return type == ComputeType::kF64 ? "f64" : type == ComputeType::kBF16 ? "bf16" : "f32";
}

// The shortest text that reads back as the same number.
std::string number_text(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

// Stands for a target that is no token and no difference.
constexpr const char* kNoIds = "-";

// "12,34-56,-": the ids behind the targets, from which `verify` rebuilds their covectors.
std::string target_ids_text(const std::vector<std::optional<TargetTokens>>& tokens) {
  std::string text;
  for (const auto& one : tokens) {
    if (!text.empty()) text += ",";
    text += one ? std::to_string(one->a) : std::string(kNoIds);
    if (one && one->b) text += "-" + std::to_string(*one->b);
  }
  return text;
}

std::vector<std::optional<TargetTokens>> parse_target_ids(const AttributionGraph& graph,
                                                          std::int64_t vocabulary,
                                                          const char* operation) {
  const auto& settings = graph.provenance().settings;
  const auto found = settings.find("target_ids");
  std::vector<std::optional<TargetTokens>> tokens;
  std::istringstream list(found == settings.end() ? "" : found->second);
  for (std::string one; std::getline(list, one, ',');) {
    if (one == kNoIds) {
      tokens.emplace_back();
      continue;
    }
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
    throw std::invalid_argument(
        "[" + std::string(operation) + "] the graph file's target_ids name " +
        std::to_string(tokens.size()) + " targets, expected " + std::to_string(graph.n_targets()));
  }
  return tokens;
}

void require_vector(const Target& target, std::int64_t d_model, const char* operation) {
  if (static_cast<std::int64_t>(target.vector.size()) == d_model) return;
  throw std::invalid_argument("[" + std::string(operation) + "] the graph holds " +
                              std::to_string(target.vector.size()) + " values of the vector " +
                              target.label + ", expected " + std::to_string(d_model));
}

}  // namespace

Tracer::State::State(const LoadOptions& load)
    : loaded(load),
      transcoders(load_transcoders(load.transcoders,
                                   {.dtype = scalar_type(load.dtype), .device = loaded.device})) {
  check_fit(loaded.model, *transcoders);
  model_hash = content_hash(loaded.model.files);
  transcoders_hash = content_hash(transcoders->info().files);
}

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
  if (attribution.targets.takes_most_probable()) {
    from.settings["max-logits"] = std::to_string(attribution.targets.max_logits);
    from.settings["logit-prob"] = number_text(attribution.targets.logit_probability);
  }
  if (attribution.max_features != 0 && attribution.max_features < run.features.size()) {
    from.settings["batch-size"] = std::to_string(attribution.batch_size);
    from.settings["update-interval"] = std::to_string(attribution.update_interval);
  }
  return from;
}

ReplacementRun Tracer::State::run_again(const AttributionGraph& graph, const char* operation,
                                        std::int64_t keep_decoder_bytes) const {
  const Provenance& from = graph.provenance();
  if (from.model_hash != model_hash || from.transcoders_hash != transcoders_hash) {
    throw std::invalid_argument("[" + std::string(operation) + "] the graph was made with model " +
                                from.model_name + " (" + from.model_hash + ") and transcoders " +
                                from.transcoders_hash + ", given are " + loaded.model.name + " (" +
                                model_hash + ") and " + transcoders_hash);
  }
  const auto zeroed = from.settings.find("zero-positions");
  ReplacementRun run = run_replacement(
      loaded.model, *transcoders, graph.nodes().input_ids,
      zeroed == from.settings.end() ? std::nullopt : std::optional(std::stoll(zeroed->second)),
      keep_decoder_bytes);
  require_same_features(run, graph.nodes(), operation);
  return run;
}

at::Tensor Tracer::State::covectors_of(const AttributionGraph& graph, const char* operation) const {
  const std::vector<Target>& targets = graph.nodes().targets;
  const auto tokens = parse_target_ids(graph, loaded.model.config.vocabulary_size, operation);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const Target& target = targets[i];
    const bool has_ids =
        target.kind == TargetKind::kToken || target.kind == TargetKind::kDifference;
    if (has_ids != tokens[i].has_value()) {
      throw std::invalid_argument("[" + std::string(operation) +
                                  "] the graph file's target_ids do not fit its target " +
                                  target.label);
    }
    if (target.kind == TargetKind::kVector) {
      require_vector(target, loaded.model.config.d_model, operation);
    }
    if (target.kind == TargetKind::kFeature && target.feature >= transcoders->info().n_features) {
      throw std::invalid_argument("[" + std::string(operation) +
                                  "] the graph's target is feature " +
                                  std::to_string(target.feature) + ", the transcoders have " +
                                  std::to_string(transcoders->info().n_features));
    }
  }
  return target_covectors(loaded.model, *transcoders, targets, tokens);
}

}  // namespace circuit
