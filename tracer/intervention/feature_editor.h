// Gives features other values while a live forward runs: what they write changes by the difference,
// and everything behind reacts (docs/method.md, Interventions).
#pragma once

#include <memory>
#include <vector>

#include "tracer/intervention/placed_intervention.h"
#include "tracer/model/model.h"
#include "tracer/model/site.h"
#include "transcoders/sae.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

/// Adds (value − activation) · decoder row at the edited positions. The activation is that of the
/// running forward, so that an edit reacts to those before it; with `held.constrained` that of the
/// clean run, and then only what is written into those layers counts. Of two edits of one feature
/// and position the later wins, and edits win over swaps (those of kFeatures; others are ignored).
/// Everything passed outlives the visitor.
/// Throws std::invalid_argument when there is no such layer or feature.
std::unique_ptr<SiteVisitor> edit_transcoder_features(const Model& model,
                                                      const TranscoderSet& transcoders,
                                                      std::vector<PlacedEdit> edits,
                                                      std::vector<PlacedSwap> swaps = {},
                                                      HeldParts held = {});
std::unique_ptr<SiteVisitor> edit_sae_features(const Sae& sae, std::vector<PlacedEdit> edits,
                                               HeldParts held = {});

}  // namespace circuit
