// A prompt read by the model with something changed (docs/method.md, Interventions).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/intervention/clean_run.h"
#include "tracer/intervention/placed_intervention.h"
#include "tracer/model/live_forward.h"
#include "tracer/model/site.h"
#include "transcoders/sae.h"

namespace circuit {

/// The changes as a visitor of forwards, and what the pass over the prompt keeps beside it.
class PlacedChanges {
 public:
  /// Features are those of `sae` if it is not null, else those of the run's transcoders. `clean`
  /// and `sae` outlive this. Throws std::invalid_argument for features that are not there.
  PlacedChanges(const CleanRun& clean, const Sae* sae, const PlacedIntervention& intervention);

  SiteVisitor& visitor() { return *visitor_; }
  /// For the pass over the prompt; with the visitor and what is frozen. It refers to this.
  LiveForward::Options options(LogitPositions logits) const;

 private:
  const CleanRun& clean_;
  bool scales_ = false;
  std::vector<at::Tensor> patterns_;  // [n_layers], or empty when they are live
  std::unique_ptr<SiteVisitor> visitor_;
};

/// Whether the scales of norms keep their values.
bool freezes_scales(const PlacedIntervention& intervention, std::int64_t n_layers);

struct ChangedRun {
  at::Tensor logits;  ///< [n, vocabulary] or [1, vocabulary], soft-capped
  /// [n_layers] of [n, n_features], of the changed run ahead of edits; empty when not asked for
  std::vector<at::Tensor> pre_activations;
};

/// Throws as PlacedChanges does.
ChangedRun run_changed(const CleanRun& clean, const Sae* sae,
                       const PlacedIntervention& intervention,
                       LogitPositions logits = LogitPositions::kLast,
                       bool with_pre_activations = false);

}  // namespace circuit
