// What a study asks of a model with its transcoders. The runner knows nothing else of it, so
// studies are tested on a model of a few lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/attribution_graph.h"
#include "tracer/features/firing_feature.h"
#include "tracer/intervention/intervention.h"
#include "tracer/options.h"

namespace circuit {

/// A feature's activation moved by `amount`.
struct StudyChange {
  std::int64_t layer = 0, position = 0, feature = 0;
  double amount = 0;
};

struct StudyOutcome {
  std::vector<float> logits;               ///< [vocabulary] of the next token
  std::vector<FiringFeature> activations;  ///< all that fire in the run, where asked for
};

/// Results depend on the arguments alone, not on other calls. One call at a time.
class StudyModel {
 public:
  virtual ~StudyModel() = default;

  /// Of all that decides on results: weights, tokenizer, type of numbers.
  virtual std::string model_hash() = 0;
  /// As graph and supernode files have it.
  virtual std::string transcoders_hash() = 0;
  virtual std::int64_t n_layers() = 0;
  virtual std::vector<std::int32_t> encode(const PromptInput& prompt) = 0;

  /// Unpruned.
  virtual AttributionGraph trace(const PromptInput& prompt, const AttributionOptions& options) = 0;

  /// The prompt read with each intervention by itself, in parallel; Intervention{} is the model as
  /// it is. No more than `most_interventions` fit into its memory.
  virtual std::vector<StudyOutcome> outcomes(const PromptInput& prompt,
                                             const std::vector<Intervention>& interventions,
                                             bool activations) = 0;
  virtual std::size_t most_interventions(const PromptInput& prompt) = 0;
  /// √Σ over layers and positions ‖Σ amount · decoder row‖², of all layers that are written.
  virtual double written_norm(const std::vector<StudyChange>& changes) = 0;
};

}  // namespace circuit
