// Changes of a live forward that are none of features: outputs held or taken over from another
// prompt, vectors added (docs/method.md, Interventions).
#pragma once

#include <memory>
#include <vector>

#include "tracer/intervention/clean_run.h"
#include "tracer/intervention/placed_intervention.h"
#include "tracer/model/site.h"

namespace circuit {

/// At the write sites of `held.constrained` puts back what the clean run wrote there. A skip of the
/// transcoders is linear and goes on: skip(now) − skip(clean) is added.
std::unique_ptr<SiteVisitor> hold_mlp_outputs(const HeldParts& held);

/// Puts what the other prompts' runs had in place, in the pass over the prompt; of the kinds
/// kMlpOutputs and kEmbedding, others are ignored.
std::unique_ptr<SiteVisitor> swap_values(const CleanRun& clean, std::vector<PlacedSwap> swaps);

/// Adds vectors to the residual stream behind their layers.
std::unique_ptr<SiteVisitor> steer(std::vector<PlacedSteering> steering);

}  // namespace circuit
