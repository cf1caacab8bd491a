// Interventions as a person asks for them, placed on a prompt: positions found, other prompts and
// files read. Private to files directly in tracer/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tracer/explorer_state.h"
#include "tracer/intervention/clean_run.h"
#include "tracer/intervention/intervention.h"
#include "tracer/intervention/placed_intervention.h"
#include "tracer/loaded_model.h"

namespace circuit {

/// Holds the runs of the other prompts: what it places is valid for as long as it lives.
class InterventionPlacer {
 public:
  /// `prompt` as `input` was encoded; it and `state` outlive this.
  InterventionPlacer(const Explorer::State& state, const PromptInput& input,
                     const EncodedPrompt& prompt, std::int64_t zero_positions);

  /// Throws std::invalid_argument for layers, positions and vectors that do not fit, and
  /// std::runtime_error for files that cannot be read. Adds a warning for each change that another
  /// takes the place of.
  PlacedIntervention place(const Intervention& intervention, std::vector<std::string>& warnings);

 private:
  std::vector<PlacedEdit> place_edits(const std::vector<FeatureEdit>& edits,
                                      std::vector<std::string>& warnings);
  PlacedSteering place_steering(const Steering& steering) const;
  PlacedSwap place_swap(const PositionSwap& swap);
  /// The edit with its value found: kSet in place of kMean and kFrom.
  FeatureEdit with_value(FeatureEdit edit);
  const CleanRun& run_of(const PromptInput& input);
  /// Mean activations [n_features] of each layer of the reader.
  const std::vector<at::Tensor>& means_of(const std::filesystem::path& file);
  std::int64_t n_positions() const { return static_cast<std::int64_t>(prompt_.ids.size()); }

  const Explorer::State& state_;
  const PromptInput& input_;
  const EncodedPrompt& prompt_;
  std::int64_t zero_positions_;
  std::map<std::vector<std::int32_t>, CleanRun> runs_;  // by ids; addresses stay
  std::map<std::filesystem::path, std::vector<at::Tensor>> means_;
};

}  // namespace circuit
