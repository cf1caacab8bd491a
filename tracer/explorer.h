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
#include "tracer/intervention/intervention.h"
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
  /// What is held still is so while the prompt is read; edits and steering whose positions have no
  /// end go on while tokens are written, live.
  Intervention intervention;
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
  double seconds = 0;  ///< of reading prompts and writing, all texts written with this one
};

struct InterventionOptions {
  Intervention intervention;
  std::int64_t top = 10;  ///< tokens of each side
  std::optional<std::int64_t> zero_positions;
};

struct OutcomeOptions {
  bool all_positions = false;  ///< logits behind every token, not the last alone
  bool activations = false;    ///< also what fires; needs transcoders
  std::optional<std::int64_t> zero_positions;
};

/// What the model made of a prompt with something changed.
struct Outcome {
  std::vector<float> logits;  ///< [1 or n_positions, vocabulary_size], soft-capped
  std::int64_t vocabulary_size = 0;
  /// Everything that fires, ahead of edits, by layer, position, feature; if asked for.
  std::vector<FiringFeature> activations;
  std::vector<std::string> warnings;  ///< of changes that another takes the place of
};

/// A feature's activation changed by `amount` at a position.
struct FeatureChange {
  std::int64_t layer = 0, position = 0, feature = 0;
  double amount = 0;
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
  struct State;

  /// Transcoders, an SAE, or neither (then `generate` alone works, without features). Throws
  /// std::runtime_error as loading does and when they do not fit.
  explicit Explorer(const LoadOptions& options);
  ~Explorer();
  Explorer(Explorer&&) noexcept;
  Explorer& operator=(Explorer&&) noexcept;

  /// The ids that `input` stands for, as Tracer::encode.
  std::vector<std::int32_t> encode(const PromptInput& input) const;
  /// What a token is shown as.
  std::string token_text(std::int32_t id) const;

  ActiveFeaturesReport active_features(const PromptInput& input,
                                       const ActiveFeaturesOptions& options = {}) const;
  Quality measure(const std::vector<std::string>& texts, const QualityOptions& options = {},
                  const Progress& progress = {}) const;
  /// The content hash of the transcoders or the SAE, as graph files have it; empty with neither.
  std::string features_hash() const;
  /// `write` is given the text as it comes, in pieces that are whole characters.
  GenerationReport generate(const PromptInput& input, const GenerateOptions& options = {},
                            const std::function<void(const std::string&)>& write = {}) const;
  /// `samples` texts of each prompt, written together: text i of all, counted through the first
  /// prompt's and so on, is what `generate` writes with seed + i.
  std::vector<GenerationReport> generate_batch(const std::vector<PromptInput>& prompts,
                                               std::int64_t samples,
                                               const GenerateOptions& options = {}) const;
  /// The next token of a prompt with features changed, beside the unchanged.
  InterventionReport intervene(const PromptInput& input, const InterventionOptions& options) const;
  /// The prompt with each of the interventions, independent of one another; Intervention{} is the
  /// model as it is. The prompt is read unchanged once, interventions run in parallel. Throws
  /// std::invalid_argument for what does not fit model or prompt, naming the option of `intervene`
  /// that it would come from.
  std::vector<Outcome> outcomes(const PromptInput& input,
                                const std::vector<Intervention>& interventions,
                                const OutcomeOptions& options = {}) const;
  /// How much is written: the square root of the sum, over layers and positions, of the squared
  /// length of Σ amount · decoder row.
  double written_norm(const std::vector<FeatureChange>& changes) const;
  /// For each edit by itself: the next token's logits with it less those without
  /// [edits, vocabulary]; attention patterns are those of the unchanged run.
  std::vector<float> logit_changes(const PromptInput& input,
                                   const std::vector<FeatureEdit>& edits) const;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace circuit
