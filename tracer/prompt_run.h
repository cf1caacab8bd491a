// A prompt read by the model as it is, and what interventions on it refer to. Private to files
// directly in tracer/.
#pragma once

#include <cstdint>
#include <optional>

#include "tracer/explorer_state.h"
#include "tracer/intervention/clean_run.h"
#include "tracer/loaded_model.h"
#include "tracer/place_intervention.h"

namespace circuit {

struct PromptRun {
  /// `state` and `input` outlive this.
  PromptRun(const Explorer::State& state, const PromptInput& input,
            std::optional<std::int64_t> zero_positions)
      : prompt(state.loaded.encode(input)),
        clean(run_clean(state.loaded.model, state.transcoders.get(), prompt.ids,
                        state.zeroed(zero_positions, prompt))),
        placer(state, input, prompt, clean.zero_positions) {}
  PromptRun(const PromptRun&) = delete;  // the placer refers to the prompt
  PromptRun& operator=(const PromptRun&) = delete;

  EncodedPrompt prompt;
  CleanRun clean;
  InterventionPlacer placer;
};

}  // namespace circuit
