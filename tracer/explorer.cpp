#include "tracer/explorer.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <c10/core/InferenceMode.h>

#include "tracer/attribution/targets.h"
#include "tracer/explorer_state.h"
#include "tracer/features/active_features.h"
#include "tracer/features/quality.h"
#include "tracer/text/windows.h"
#include "transcoders/weights/content_hash.h"

namespace circuit {

Explorer::Explorer(const LoadOptions& options) {
  const c10::InferenceMode inference;
  state_ = std::make_unique<State>(options);
}

Explorer::~Explorer() = default;
Explorer::Explorer(Explorer&&) noexcept = default;
Explorer& Explorer::operator=(Explorer&&) noexcept = default;

std::vector<std::int32_t> Explorer::encode(const PromptInput& input) const {
  return state_->loaded.encode(input).ids;
}

std::string Explorer::token_text(std::int32_t id) const {
  return shown_token(state_->loaded.text(), id);
}

ActiveFeaturesReport Explorer::active_features(const PromptInput& input,
                                               const ActiveFeaturesOptions& options) const {
  const c10::InferenceMode inference;
  const FeatureReader& reader = state_->features();
  for (const std::int64_t layer : options.layers) {
    if (std::ranges::find(reader.layers(), layer) != reader.layers().end()) continue;
    throw std::invalid_argument("--layer is " + std::to_string(layer) + ", there are layers " +
                                std::to_string(reader.layers().front()) + " to " +
                                std::to_string(reader.layers().back()));
  }
  const EncodedPrompt prompt = state_->loaded.encode(input);
  const Model& model = state_->loaded.model;
  ActiveFeatures found =
      find_active_features(model, reader, prompt.ids, options.top, options.layers,
                           state_->zeroed(options.zero_positions, prompt));
  ActiveFeaturesReport report;
  report.ids = prompt.ids;
  report.tokens = state_->loaded.tokens_of(prompt.ids);
  report.layers = reader.layers();
  report.counts = std::move(found.counts);
  if (options.names) {
    report.names = name_active_features(model, reader, state_->loaded.text(), found.strongest);
  }
  report.features = std::move(found.strongest);
  return report;
}

Quality Explorer::measure(const std::vector<std::string>& texts, const QualityOptions& options,
                          const Progress& progress) const {
  const c10::InferenceMode inference;
  const FeatureReader& reader = state_->features();
  const Model& model = state_->loaded.model;
  if (!state_->loaded.tokenizer) {
    throw std::runtime_error("[evaluate] " + state_->loaded.options.model.string() +
                             ": there is no tokenizer, expected one");
  }
  const auto windows =
      windows_of(*state_->loaded.tokenizer, texts, start_options(options.bos),
                 std::min(options.context, model.config.max_positions), options.max_tokens);
  const auto total = static_cast<std::int64_t>(windows.size());
  return measure_quality(model, reader, windows, options.zero_positions, [&](std::int64_t done) {
    if (progress) progress("evaluate", done, total);
  });
}

std::string Explorer::features_hash() const {
  if (state_->transcoders) return content_hash(state_->transcoders->info().files);
  return state_->sae ? content_hash(state_->sae->info().files) : "";
}

}  // namespace circuit
