#include "tracer/intervention/site_changes.h"

#include <algorithm>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/model/affine.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"

namespace circuit {
namespace {

// Where features write; where an MLP adds to the residual stream when there are none.
WriteSite write_site(const CleanRun& run) {
  return run.transcoders == nullptr ? WriteSite::kMlpOut : run.transcoders->info().write_site;
}

const at::Tensor& written(const CleanRun& run, std::int64_t layer) {
  const auto index = static_cast<std::size_t>(layer);
  return written_value(write_site(run), run.model->blocks[index], run.record.blocks[index]);
}

class Holder final : public SiteVisitor {
 public:
  explicit Holder(const HeldParts& held) : held_(held), site_(site_of(write_site(*held.clean))) {}

  void visit(const SitePlace& place, std::int64_t first_position, at::Tensor& x) override {
    if (!held_.constrained->contains(place.layer) || !held_.apply_to(first_position, x)) return;
    if (place.site == ModelSite::kResidualMid) skip_change_ = skip_change(place.layer, x);
    if (place.site != site_) return;
    x = written(*held_.clean, place.layer);
    if (skip_change_.defined()) x = x + skip_change_;
  }

 private:
  // [n, d_model], undefined without a skip.
  at::Tensor skip_change(std::int64_t layer, const at::Tensor& residual_mid) const {
    const CleanRun& clean = *held_.clean;
    if (clean.transcoders == nullptr) return {};
    const at::Tensor skip = clean.transcoders->skip(layer);
    if (!skip.defined()) return {};
    const auto index = static_cast<std::size_t>(layer);
    const Norm& norm = clean.model->blocks[index].mlp_norm;
    const BlockRecord& record = clean.record.blocks[index];
    const ReadSite site = clean.transcoders->info().read_site;
    const at::Tensor before = read_input(site, norm, record.mlp_inverse_scale, record.residual_mid);
    const at::Tensor now = held_.scales
                               ? read_input(site, norm, record.mlp_inverse_scale, residual_mid)
                               : read_live(site, norm, residual_mid);
    return affine(now - before, skip, {});
  }

  HeldParts held_;
  ModelSite site_;
  at::Tensor skip_change_;  // of the layer that is passed
};

class Swapper final : public SiteVisitor {
 public:
  Swapper(const CleanRun& clean, std::vector<PlacedSwap> swaps)
      : clean_(clean), site_(site_of(write_site(clean))), swaps_(std::move(swaps)) {}

  void visit(const SitePlace& place, std::int64_t first_position, at::Tensor& x) override {
    if (first_position != 0) return;
    const bool at_start = place.site == ModelSite::kResidualPre && place.layer == 0;
    if (!at_start && place.site != site_) return;
    for (const PlacedSwap& swap : swaps_) {
      if (at_start && swap.kind == SwapKind::kEmbedding) {
        move(swap, clean_.record.token_embeddings, swap.from->record.token_embeddings, x);
      }
      if (!at_start && swap.kind == SwapKind::kMlpOutputs && swap.layers.contains(place.layer)) {
        move(swap, x, written(*swap.from, place.layer), x);
      }
    }
  }

 private:
  // Takes `own` off and adds `other` at the positions of the swap.
  static void move(const PlacedSwap& swap, const at::Tensor& own, const at::Tensor& other,
                   at::Tensor& x) {
    const at::Tensor before = own;  // may be x itself
    x = x.clone();
    for (const auto& [here, there] : swap.map) x[here] += other[there] - before[here];
  }

  const CleanRun& clean_;
  ModelSite site_;
  std::vector<PlacedSwap> swaps_;
};

class Steerer final : public SiteVisitor {
 public:
  explicit Steerer(std::vector<PlacedSteering> steering) : steering_(std::move(steering)) {}

  void visit(const SitePlace& place, std::int64_t first_position, at::Tensor& x) override {
    if (place.site != ModelSite::kResidualPost) return;
    for (const PlacedSteering& one : steering_) {
      if (one.layer != place.layer) continue;
      const std::int64_t begin = std::max<std::int64_t>(one.range.begin - first_position, 0);
      const std::int64_t end = std::min(one.range.end - first_position, x.size(0));
      if (begin >= end) continue;
      x = x.clone();
      x.narrow(0, begin, end - begin) += one.vector;
    }
  }

 private:
  std::vector<PlacedSteering> steering_;
};

}  // namespace

std::unique_ptr<SiteVisitor> hold_mlp_outputs(const HeldParts& held) {
  return std::make_unique<Holder>(held);
}

std::unique_ptr<SiteVisitor> swap_values(const CleanRun& clean, std::vector<PlacedSwap> swaps) {
  return std::make_unique<Swapper>(clean, std::move(swaps));
}

std::unique_ptr<SiteVisitor> steer(std::vector<PlacedSteering> steering) {
  return std::make_unique<Steerer>(std::move(steering));
}

}  // namespace circuit
