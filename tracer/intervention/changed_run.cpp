#include "tracer/intervention/changed_run.h"

#include <utility>

#include <ATen/ATen.h>

#include "tracer/intervention/feature_editor.h"
#include "tracer/intervention/site_changes.h"
#include "tracer/replacement/read_site.h"

namespace circuit {
namespace {

// Asks each in turn.
class VisitorChain final : public SiteVisitor {
 public:
  explicit VisitorChain(std::vector<std::unique_ptr<SiteVisitor>> visitors)
      : visitors_(std::move(visitors)) {}
  void visit(const SitePlace& place, std::int64_t first_position, at::Tensor& x) override {
    for (const auto& visitor : visitors_) visitor->visit(place, first_position, x);
  }

 private:
  std::vector<std::unique_ptr<SiteVisitor>> visitors_;
};

// Notes what every feature reads, and hands everything on.
class PreActivationReader final : public SiteVisitor {
 public:
  PreActivationReader(const CleanRun& clean, bool scales, SiteVisitor& next)
      : clean_(clean), scales_(scales), next_(next) {}

  void visit(const SitePlace& place, std::int64_t first_position, at::Tensor& x) override {
    next_.visit(place, first_position, x);
    if (place.site != ModelSite::kResidualMid) return;
    const auto layer = static_cast<std::size_t>(place.layer);
    const Norm& norm = clean_.model->blocks[layer].mlp_norm;
    const ReadSite site = clean_.transcoders->info().read_site;
    const at::Tensor input =
        scales_ ? read_input(site, norm, clean_.record.blocks[layer].mlp_inverse_scale, x)
                : read_live(site, norm, x);
    read.push_back(clean_.transcoders->encode(place.layer, input));
  }

  std::vector<at::Tensor> read;  // [n_layers]

 private:
  const CleanRun& clean_;
  bool scales_;
  SiteVisitor& next_;
};

std::unique_ptr<SiteVisitor> chain_of(const CleanRun& clean, const Sae* sae,
                                      const PlacedIntervention& intervention,
                                      const HeldParts& held) {
  std::vector<std::unique_ptr<SiteVisitor>> all;
  if (intervention.constrained) all.push_back(hold_mlp_outputs(held));
  if (!intervention.swaps.empty()) all.push_back(swap_values(clean, intervention.swaps));
  if (sae != nullptr) {
    all.push_back(edit_sae_features(*sae, intervention.edits, held));
  } else if (clean.transcoders != nullptr) {
    all.push_back(edit_transcoder_features(*clean.model, *clean.transcoders, intervention.edits,
                                           intervention.swaps, held));
  }
  if (!intervention.steering.empty()) all.push_back(steer(intervention.steering));
  return std::make_unique<VisitorChain>(std::move(all));
}

}  // namespace

bool freezes_scales(const PlacedIntervention& intervention, std::int64_t n_layers) {
  const auto& constrained = intervention.constrained;
  return intervention.freeze == Freeze::kAll ||
         (constrained && constrained->first <= 0 && constrained->last >= n_layers - 1);
}

PlacedChanges::PlacedChanges(const CleanRun& clean, const Sae* sae,
                             const PlacedIntervention& intervention)
    : clean_(clean), scales_(freezes_scales(intervention, clean.model->config.n_layers)) {
  if (intervention.constrained || intervention.freeze != Freeze::kNone) {
    patterns_ = clean.patterns();
  }
  visitor_ =
      chain_of(clean, sae, intervention,
               {.clean = &clean, .constrained = intervention.constrained, .scales = scales_});
}

LiveForward::Options PlacedChanges::options(LogitPositions logits) const {
  return {.logits = logits,
          .visitor = visitor_.get(),
          .patterns = patterns_,
          .scales = scales_ ? &clean_.record : nullptr};
}

ChangedRun run_changed(const CleanRun& clean, const Sae* sae,
                       const PlacedIntervention& intervention, LogitPositions logits,
                       bool with_pre_activations) {
  PlacedChanges changes(clean, sae, intervention);
  PreActivationReader reader(clean, freezes_scales(intervention, clean.model->config.n_layers),
                             changes.visitor());
  LiveForward::Options options = changes.options(logits);
  if (with_pre_activations) options.visitor = &reader;
  options.rows = Rows::kTogether;  // as in the clean run
  LiveForward live(*clean.model, clean.n_positions());
  ChangedRun run;
  run.logits = live.append(clean.record.input_ids, options);
  run.pre_activations = std::move(reader.read);
  return run;
}

}  // namespace circuit
