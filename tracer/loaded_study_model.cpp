#include "tracer/loaded_study_model.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tracer/explorer.h"
#include "tracer/inspect.h"
#include "tracer/machine/process_memory.h"
#include "tracer/text/chat/chat_template_file.h"
#include "tracer/text/chat/encode_chat.h"
#include "tracer/text/prompt.h"
#include "tracer/text/tokenizer.h"
#include "tracer/tracer.h"
#include "transcoders/weights/content_hash.h"

namespace circuit {
namespace {

// A kill loses a batch, so it is no larger than keeps the cores busy.
constexpr std::int64_t kMostAtOnce = 64;

// Beside the weights: what decides on shapes, ids and texts.
std::string hash_small_files(const std::filesystem::path& model,
                             const std::filesystem::path& transcoders) {
  std::vector<std::filesystem::path> files;
  for (const char* const name :
       {"config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json",
        "special_tokens_map.json", "chat_template.jinja", "chat_template.json"}) {
    if (std::filesystem::exists(model / name)) files.push_back(model / name);
  }
  if (std::filesystem::exists(transcoders / "config.yaml")) {
    files.push_back(transcoders / "config.yaml");
  }
  return content_hash(files);
}

class LoadedStudyModel : public StudyModel {
 public:
  LoadedStudyModel(LoadOptions load, std::int64_t memory_bytes,
                   std::optional<std::int64_t> zero_positions)
      : load_(std::move(load)),
        memory_bytes_(memory_bytes),
        zero_positions_(zero_positions),
        model_(describe_model(load_.model)),
        transcoders_(describe_transcoders(load_.transcoders, {.counted_bytes = 0})),
        files_hash_(hash_small_files(load_.model, load_.transcoders)) {
    if (Tokenizer::is_at(load_.model)) tokenizer_.emplace(Tokenizer::load(load_.model));
  }

  std::string model_hash() override {
    return text_hash(model_.hash + files_hash_ + transcoders_.activation +
                     std::to_string(static_cast<int>(load_.dtype)) + (load_.tf32 ? "tf32" : ""));
  }
  std::string transcoders_hash() override { return transcoders_.hash; }
  std::int64_t n_layers() override { return model_.n_layers; }

  std::vector<std::int32_t> encode(const PromptInput& input) override {
    if (input.token_ids) return *input.token_ids;
    if (!tokenizer_) {
      throw std::runtime_error("[study] " + load_.model.string() +
                               ": there is no tokenizer, expected one");
    }
    const PromptOptions start = start_options(input.bos);
    if (input.chat) {
      return encode_chat(*tokenizer_, load_chat_template(load_.model), *input.chat, start).ids;
    }
    return encode_prompt(*tokenizer_, input.prompt, start);
  }

  AttributionGraph trace(const PromptInput& prompt, const AttributionOptions& options) override {
    explorer_.reset();
    if (!tracer_) tracer_.emplace(load_);
    AttributionOptions bounded = options;
    bounded.memory_bytes = memory_bytes_;
    return std::move(tracer_->trace(prompt, bounded).graph);
  }

  std::vector<StudyOutcome> outcomes(const PromptInput& prompt,
                                     const std::vector<Intervention>& interventions,
                                     bool activations) override {
    std::vector<Outcome> found = explorer().outcomes(
        prompt, interventions, {.activations = activations, .zero_positions = zero_positions_});
    std::vector<StudyOutcome> outcomes;
    for (Outcome& one : found) {
      outcomes.push_back({std::move(one.logits), std::move(one.activations)});
    }
    return outcomes;
  }

  // As if all of a batch ran at once: keys, values and residual streams of all layers, the widest
  // layer's MLP twice, and logits.
  std::size_t most_interventions(const PromptInput& prompt) override {
    const auto n = static_cast<std::int64_t>(encode(prompt).size());
    const std::int64_t bytes = 4 * (n * (4 * model_.n_layers * model_.d_model + 2 * model_.d_mlp) +
                                    2 * model_.vocabulary_size);
    explorer();
    const std::int64_t left = memory_bytes_ - resident_memory_bytes();
    return static_cast<std::size_t>(std::clamp<std::int64_t>(left / bytes, 1, kMostAtOnce));
  }

  double written_norm(const std::vector<StudyChange>& changes) override {
    std::vector<FeatureChange> of_features;
    for (const StudyChange& one : changes) {
      of_features.push_back({one.layer, one.position, one.feature, one.amount});
    }
    return explorer().written_norm(of_features);
  }

 private:
  const Explorer& explorer() {
    tracer_.reset();
    if (!explorer_) explorer_.emplace(load_);
    return *explorer_;
  }

  LoadOptions load_;
  std::int64_t memory_bytes_;
  std::optional<std::int64_t> zero_positions_;
  ModelDescription model_;
  TranscodersDescription transcoders_;
  std::string files_hash_;
  std::optional<Tokenizer> tokenizer_;
  std::optional<Tracer> tracer_;
  std::optional<Explorer> explorer_;
};

}  // namespace

std::unique_ptr<StudyModel> open_study_model(const LoadOptions& load, std::int64_t memory_bytes,
                                             std::optional<std::int64_t> zero_positions) {
  return std::make_unique<LoadedStudyModel>(load, memory_bytes, zero_positions);
}

}  // namespace circuit
