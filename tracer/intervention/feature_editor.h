// Gives features other values while a live forward runs: what they write changes by the difference,
// and everything behind reacts (docs/method.md, Setting features).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tracer/model/model.h"
#include "tracer/model/site.h"
#include "tracer/text/feature_edit.h"
#include "transcoders/sae.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

struct PlacedEdit {
  FeatureEdit edit;
  EditRange range;
};

/// Adds (value − activation) · decoder row at the edited positions; the activation is that of the
/// running forward, so that an edit reacts to those before it. Of two edits of one feature and
/// position the later wins. Everything passed outlives the visitor.
/// Throws std::invalid_argument when there is no such layer or feature.
std::unique_ptr<SiteVisitor> edit_transcoder_features(const Model& model,
                                                      const TranscoderSet& transcoders,
                                                      std::vector<PlacedEdit> edits);
std::unique_ptr<SiteVisitor> edit_sae_features(const Sae& sae, std::vector<PlacedEdit> edits);

}  // namespace circuit
