// A model with the features that are read from it, transcoders or an SAE: what fires on a text, how
// well it explains the model, and what the model writes when features are given other values.
// No torch type shows. Non-goal: attribution graphs (tracer.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tracer/features/firing_feature.h"
#include "tracer/features/quality_result.h"
#include "tracer/generate/sampler.h"
#include "tracer/options.h"
#include "tracer/text/feature_edit.h"

namespace circuit {

struct ActiveFeaturesOptions {
  std::int64_t top = 5;                        ///< features shown of each token; 0 = all
  std::vector<std::int64_t> layers;            ///< empty = all
  bool names = true;                           ///< also what each feature pushes up
  std::optional<std::int64_t> zero_positions;  ///< as in AttributionOptions
};

struct ActiveFeaturesReport {
  std::vector<std::int32_t> ids;
  std::vector<std::string> tokens;
  std::vector<std::int64_t> layers;  ///< that have features
  std::vector<std::int64_t> counts;  ///< [layers] of all that fire
  std::vector<FiringFeature> features;
  std::vector<std::string> names;  ///< [features], or none
};

struct QualityOptions {
  std::int64_t context = 128;         ///< tokens of a piece of text, the special one counted
  std::int64_t max_tokens = 100'000;  ///< read no more than this; 0 = all
  std::string bos;                    ///< as in PromptInput
  std::int64_t zero_positions = 1;    ///< left out at the start of each piece
};

struct GenerateOptions {
  std::int64_t max_tokens = 40;
  SamplingOptions sampling;
  std::vector<std::string> stop;  ///< a text that ends it; not part of it
  std::vector<FeatureEdit> edits;
  std::optional<std::int64_t> zero_positions;
};

struct GenerationReport {
  std::vector<std::int32_t> prompt_ids;
  std::vector<std::int32_t> ids;
  std::vector<std::string> tokens;
  std::vector<float> probabilities;  ///< of each token, by the model's own distribution
  std::string text;
  std::string end;  ///< why it ended: "end token", "stop text", "max tokens", "no position left"
  std::vector<std::string> warnings;
  double seconds = 0;  ///< of reading the prompt and writing
};

struct InterventionOptions {
  std::vector<FeatureEdit> edits;
  std::int64_t top = 10;         ///< tokens of each side
  bool freeze_attention = true;  ///< the patterns of the unchanged run
  std::optional<std::int64_t> zero_positions;
};

struct ChangedToken {
  std::int32_t id = 0;
  std::string token;
  double before = 0, after = 0;  ///< probabilities
  double log_odds_change = 0;    ///< log(p / (1 − p)), after less before
};

struct InterventionReport {
  std::vector<std::int32_t> ids;
  std::vector<std::string> tokens;
  std::vector<ChangedToken>
      outputs;    ///< the most probable of either side, by the larger of the two
  double kl = 0;  ///< of the changed from the unchanged distribution, nats
  std::vector<std::string> warnings;
};

/// Loads once; calls are not safe from several threads at once, each uses all of them.
class Explorer {
 public:
  /// Transcoders, an SAE, or neither (then `generate` alone works, without edits). Throws
  /// std::runtime_error as loading does and when they do not fit.
  explicit Explorer(const LoadOptions& options);
  ~Explorer();
  Explorer(Explorer&&) noexcept;
  Explorer& operator=(Explorer&&) noexcept;

  ActiveFeaturesReport active_features(const PromptInput& input,
                                       const ActiveFeaturesOptions& options = {}) const;
  Quality measure(const std::vector<std::string>& texts, const QualityOptions& options = {},
                  const Progress& progress = {}) const;
  /// `write` is given the text as it comes, in pieces that are whole characters.
  GenerationReport generate(const PromptInput& input, const GenerateOptions& options = {},
                            const std::function<void(const std::string&)>& write = {}) const;
  /// The next token of a prompt with features changed, beside the unchanged.
  InterventionReport intervene(const PromptInput& input, const InterventionOptions& options) const;
  /// For each edit by itself: the next token's logits with it less those without
  /// [edits, vocabulary]; attention patterns are those of the unchanged run.
  std::vector<float> logit_changes(const PromptInput& input,
                                   const std::vector<FeatureEdit>& edits) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace circuit
