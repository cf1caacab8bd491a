#include "tracer/explorer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include "tracer/attribution/targets.h"
#include "tracer/features/active_features.h"
#include "tracer/features/quality.h"
#include "tracer/generate/generate.h"
#include "tracer/intervention/feature_editor.h"
#include "tracer/loaded_model.h"
#include "tracer/model/live_forward.h"
#include "tracer/replacement/run.h"
#include "tracer/text/growing_text.h"
#include "tracer/text/prompt.h"
#include "tracer/text/windows.h"
#include "transcoders/sae.h"

namespace circuit {

struct Explorer::State {
  explicit State(const LoadOptions& load) : loaded(load) {
    const TranscoderLoadOptions options = {.dtype = scalar_type(load.dtype),
                                           .device = loaded.device};
    if (!load.transcoders.empty()) {
      transcoders = load_transcoders(load.transcoders, options);
      reader = read_transcoder_features(loaded.model, *transcoders);
    } else if (!load.sae.empty()) {
      sae = load_sae(load.sae, options);
      reader = read_sae_features(loaded.model, *sae);
    }
  }

  const FeatureReader& features() const {
    if (!reader) throw std::invalid_argument("[explore] no features: neither transcoders nor SAE");
    return *reader;
  }
  std::int64_t zeroed(std::optional<std::int64_t> given, const EncodedPrompt& prompt) const;
  std::unique_ptr<SiteVisitor> editor(const std::vector<FeatureEdit>& edits,
                                      const EncodedPrompt& prompt,
                                      std::optional<std::int64_t> zero_positions,
                                      std::vector<std::string>& warnings) const;

  LoadedModel loaded;
  std::unique_ptr<TranscoderSet> transcoders;
  std::unique_ptr<Sae> sae;
  std::unique_ptr<FeatureReader> reader;
};

std::int64_t Explorer::State::zeroed(std::optional<std::int64_t> given,
                                     const EncodedPrompt& prompt) const {
  const std::int64_t count =
      given.value_or(default_zero_positions(loaded.model.config, prompt.ids));
  if (count < 0) {
    throw std::invalid_argument("--zero-positions is " + std::to_string(count) +
                                ", expected 0 or more");
  }
  return count;
}

// Null without edits.
std::unique_ptr<SiteVisitor> Explorer::State::editor(const std::vector<FeatureEdit>& edits,
                                                     const EncodedPrompt& prompt,
                                                     std::optional<std::int64_t> zero_positions,
                                                     std::vector<std::string>& warnings) const {
  if (edits.empty()) return nullptr;
  features();
  std::vector<EditRange> ranges;
  std::vector<PlacedEdit> placed;
  for (const FeatureEdit& edit : edits) {
    ranges.push_back(resolve(edit, static_cast<std::int64_t>(prompt.ids.size()), prompt.positions,
                             std::max<std::int64_t>(zeroed(zero_positions, prompt), 1)));
    placed.push_back({edit, ranges.back()});
  }
  warnings = find_overlaps(edits, ranges);
  return sae ? edit_sae_features(*sae, std::move(placed))
             : edit_transcoder_features(loaded.model, *transcoders, std::move(placed));
}

Explorer::Explorer(const LoadOptions& options) {
  const c10::InferenceMode inference;
  state_ = std::make_unique<State>(options);
}

Explorer::~Explorer() = default;
Explorer::Explorer(Explorer&&) noexcept = default;
Explorer& Explorer::operator=(Explorer&&) noexcept = default;

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

GenerationReport Explorer::generate(const PromptInput& input, const GenerateOptions& options,
                                    const std::function<void(const std::string&)>& write) const {
  const c10::InferenceMode inference;
  const auto started = std::chrono::steady_clock::now();
  const LoadedModel& loaded = state_->loaded;
  const EncodedPrompt prompt = loaded.encode(input);
  GenerationReport report;
  report.prompt_ids = prompt.ids;
  const auto editor =
      state_->editor(options.edits, prompt, options.zero_positions, report.warnings);
  GrowingText text(loaded.text(), options.stop);
  const auto accept = [&](const GeneratedToken& token) {
    const std::string piece = text.add(token.id);
    if (write && !piece.empty()) write(piece);
    return !text.is_stopped();
  };
  const std::vector<std::int32_t> ends = end_ids(loaded);
  const auto tokens = circuit::generate(loaded.model, prompt.ids,
                                        {.max_tokens = options.max_tokens, .end_ids = ends},
                                        options.sampling, editor.get(), accept);
  const std::string rest = text.finish();
  if (write && !rest.empty()) write(rest);
  for (const GeneratedToken& token : tokens) {
    report.ids.push_back(token.id);
    report.probabilities.push_back(token.probability);
  }
  report.tokens = state_->loaded.tokens_of(report.ids);
  report.text = text.text();
  const auto count = static_cast<std::int64_t>(tokens.size());
  const bool full =
      static_cast<std::int64_t>(prompt.ids.size()) + count > loaded.model.config.max_positions;
  report.end = text.is_stopped()             ? "stop text"
               : count == options.max_tokens ? "max tokens"
               : full                        ? "no position left"
                                             : "end token";
  report.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return report;
}

InterventionReport Explorer::intervene(const PromptInput& input,
                                       const InterventionOptions& options) const {
  const c10::InferenceMode inference;
  const Model& model = state_->loaded.model;
  const EncodedPrompt prompt = state_->loaded.encode(input);
  InterventionReport report;
  report.ids = prompt.ids;
  report.tokens = state_->loaded.tokens_of(prompt.ids);
  const auto editor =
      state_->editor(options.edits, prompt, options.zero_positions, report.warnings);
  const ForwardRecord clean = forward(model, prompt.ids);
  std::vector<at::Tensor> patterns;
  for (const BlockRecord& block : clean.blocks) {
    if (options.freeze_attention) patterns.push_back(block.pattern);
  }
  LiveForward live(model, static_cast<std::int64_t>(prompt.ids.size()));
  const at::Tensor changed =
      live.append(prompt.ids, {.visitor = editor.get(), .patterns = patterns});
  const auto log_probabilities = [](const at::Tensor& logits) {
    return logits.select(0, logits.size(0) - 1).to(at::kCPU).to(at::kDouble).log_softmax(0);
  };
  const at::Tensor before = log_probabilities(clean.logits), after = log_probabilities(changed);
  report.kl = (before.exp() * (before - after)).sum().item<double>();
  std::set<std::int64_t> shown;
  for (const at::Tensor& side : {before, after}) {
    const at::Tensor ids = std::get<1>(side.topk(std::min(options.top, side.size(0))));
    for (std::int64_t i = 0; i < ids.size(0); ++i) shown.insert(ids[i].item<std::int64_t>());
  }
  for (const std::int64_t id : shown) {
    const double b = before[id].item<double>(), a = after[id].item<double>();
    const auto log_odds = [](double log_p) { return log_p - std::log(-std::expm1(log_p)); };
    report.outputs.push_back(
        {.id = static_cast<std::int32_t>(id),
         .token = shown_token(state_->loaded.text(), static_cast<std::int32_t>(id)),
         .before = std::exp(b),
         .after = std::exp(a),
         .log_odds_change = log_odds(a) - log_odds(b)});
  }
  std::ranges::stable_sort(report.outputs, std::greater<>(), [](const ChangedToken& token) {
    return std::max(token.before, token.after);
  });
  return report;
}

std::vector<float> Explorer::logit_changes(const PromptInput& input,
                                           const std::vector<FeatureEdit>& edits) const {
  const c10::InferenceMode inference;
  const Model& model = state_->loaded.model;
  const EncodedPrompt prompt = state_->loaded.encode(input);
  const auto n = static_cast<std::int64_t>(prompt.ids.size());
  const ForwardRecord clean = forward(model, prompt.ids);
  std::vector<at::Tensor> patterns;
  for (const BlockRecord& block : clean.blocks) patterns.push_back(block.pattern);
  const auto last_logits = [](const at::Tensor& logits) {
    return logits.select(0, logits.size(0) - 1).to(at::kCPU).to(at::kFloat);
  };
  const at::Tensor before = last_logits(clean.logits);
  std::vector<float> changes;
  std::vector<std::string> no_overlaps;
  for (const FeatureEdit& edit : edits) {
    const auto editor = state_->editor({edit}, prompt, std::nullopt, no_overlaps);
    LiveForward live(model, n);
    const at::Tensor logits =
        live.append(prompt.ids, {.visitor = editor.get(), .patterns = patterns});
    const at::Tensor change = (last_logits(logits) - before).contiguous();
    changes.insert(changes.end(), change.data_ptr<float>(),
                   change.data_ptr<float>() + change.numel());
  }
  return changes;
}

}  // namespace circuit
