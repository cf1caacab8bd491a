#include "tracer/intervention/feature_editor.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"

namespace circuit {
namespace {

double new_value(const FeatureEdit& edit, double activation) {
  switch (edit.operation) {
    case FeatureEdit::Operation::kSet:
      return edit.value;
    case FeatureEdit::Operation::kScale:
      return activation * edit.value;
    case FeatureEdit::Operation::kAdd:
      return activation + edit.value;
    case FeatureEdit::Operation::kMean:
    case FeatureEdit::Operation::kFrom:
      break;  // placed, they are kSet
  }
  return activation;
}

bool touches(const EditRange& range, std::int64_t first, std::int64_t count) {
  return range.begin < first + count && first < range.end;
}

// Features whose activation changes, and by how much.
struct Changes {
  at::Tensor features;  // i64 [k], on the CPU
  at::Tensor amounts;   // [m, k]
};

// The rows are the positions from `first_position` on. `wanted` [m, n_features] begins as what
// swaps want.
Changes changes_to(at::Tensor wanted, const std::vector<PlacedEdit>& edits,
                   const at::Tensor& activations, std::int64_t first_position) {
  for (const PlacedEdit& placed : edits) {
    for (std::int64_t i = 0; i < activations.size(0); ++i) {
      if (!placed.range.contains(first_position + i)) continue;
      const auto activation = activations[i][placed.edit.feature].item<double>();
      wanted[i][placed.edit.feature] = new_value(placed.edit, activation);
    }
  }
  const at::Tensor amounts = wanted - activations;
  const at::Tensor features = (amounts != 0).any(/*dim=*/0).nonzero().squeeze(1);
  return {.features = features.to(at::kCPU), .amounts = amounts.index_select(1, features)};
}

void check_feature(const PlacedEdit& placed, std::int64_t n_features) {
  if (placed.edit.feature >= n_features) {
    throw std::invalid_argument("--set '" + placed.edit.text + "': there are features 0 to " +
                                std::to_string(n_features - 1));
  }
}

class SaeEditor final : public SiteVisitor {
 public:
  SaeEditor(const Sae& sae, std::vector<PlacedEdit> edits, HeldParts held)
      : sae_(sae), place_(place_of(sae.info().hook)), edits_(std::move(edits)), held_(held) {
    for (const PlacedEdit& placed : edits_) {
      check_feature(placed, sae.info().n_features);
      if (placed.edit.layer != place_.layer) {
        throw std::invalid_argument("--set '" + placed.edit.text + "': the SAE reads " +
                                    to_string(sae.info().hook) + ", expected layer " +
                                    std::to_string(place_.layer));
      }
    }
  }

  void visit(const SitePlace& place, std::int64_t first_position, at::Tensor& x) override {
    if (place != place_) return;
    const bool from_clean = held_.constrained && held_.apply_to(first_position, x);
    const at::Tensor activations = sae_.activations(
        from_clean ? recorded_value(*held_.clean->model, held_.clean->record, place) : x);
    const Changes changes = changes_to(activations.clone(), edits_, activations, first_position);
    if (changes.features.numel() == 0) return;
    x = x + at::matmul(changes.amounts, sae_.decoder_rows(changes.features).to(x.options()));
  }

 private:
  const Sae& sae_;
  SitePlace place_;
  std::vector<PlacedEdit> edits_;
  HeldParts held_;
};

class TranscoderEditor final : public SiteVisitor {
 public:
  TranscoderEditor(const Model& model, const TranscoderSet& transcoders,
                   std::vector<PlacedEdit> edits, std::vector<PlacedSwap> swaps, HeldParts held)
      : model_(model),
        transcoders_(transcoders),
        write_site_(site_of(transcoders.info().write_site)),
        held_(held) {
    const TranscoderInfo& info = transcoders.info();
    for (PlacedEdit& placed : edits) {
      check_feature(placed, info.n_features);
      if (placed.edit.layer >= info.n_layers) {
        throw std::invalid_argument("--set '" + placed.edit.text + "': there are layers 0 to " +
                                    std::to_string(info.n_layers - 1));
      }
      edits_[placed.edit.layer].push_back(std::move(placed));
    }
    for (PlacedSwap& swap : swaps) {
      if (swap.kind == SwapKind::kFeatures) swaps_.push_back(std::move(swap));
    }
  }

  void visit(const SitePlace& place, std::int64_t first_position, at::Tensor& x) override {
    if (place.site == ModelSite::kResidualPre && place.layer == 0) pending_.clear();
    if (place.site == ModelSite::kResidualMid) read(place.layer, first_position, x);
    if (place.site != write_site_) return;
    if (const auto written = pending_.find(place.layer); written != pending_.end()) {
      x = x + written->second;
    }
  }

 private:
  bool is_touched(std::int64_t layer, std::int64_t first, std::int64_t count) const {
    for (const PlacedSwap& swap : swaps_) {
      if (swap.layers.contains(layer) && first == 0) return true;
    }
    const auto edits = edits_.find(layer);
    return edits != edits_.end() && std::ranges::any_of(edits->second, [&](const auto& placed) {
             return touches(placed.range, first, count);
           });
  }

  // What features of `layer` do now, from which changes count: [m, n_features].
  at::Tensor activations_of(std::int64_t layer, bool is_held,
                            const at::Tensor& residual_mid) const {
    if (is_held && held_.constrained) {
      return held_.clean->activations[static_cast<std::size_t>(layer)];
    }
    const Norm& norm = model_.blocks[static_cast<std::size_t>(layer)].mlp_norm;
    const ReadSite site = transcoders_.info().read_site;
    const at::Tensor input =
        is_held && held_.scales
            ? read_input(
                  site, norm,
                  held_.clean->record.blocks[static_cast<std::size_t>(layer)].mlp_inverse_scale,
                  residual_mid)
            : read_live(site, norm, residual_mid);
    return transcoders_.activate(layer, transcoders_.encode(layer, input));
  }

  // What the changes of `layer` will add at its write site, and at those of later layers.
  void read(std::int64_t layer, std::int64_t first_position, const at::Tensor& residual_mid) {
    if (!is_touched(layer, first_position, residual_mid.size(0))) return;
    const bool is_held = held_.apply_to(first_position, residual_mid);
    const at::Tensor activations = activations_of(layer, is_held, residual_mid);
    at::Tensor wanted = activations.clone();
    if (first_position == 0) take_over(layer, wanted);
    const Changes changes =
        changes_to(std::move(wanted), edits_[layer], activations, first_position);
    if (changes.features.numel() == 0) return;
    const at::Tensor rows =
        transcoders_.decoder_rows(layer, changes.features).to(residual_mid.options());
    for (std::int64_t step = 0; step < rows.size(1); ++step) {
      const std::int64_t into = layer + step;
      if (is_held && held_.constrained && !held_.constrained->contains(into)) continue;
      const at::Tensor written = at::matmul(changes.amounts, rows.select(1, step));
      at::Tensor& sum = pending_[into];
      sum = sum.defined() ? sum + written : written;
    }
  }

  void take_over(std::int64_t layer, at::Tensor& wanted) const {
    for (const PlacedSwap& swap : swaps_) {
      if (!swap.layers.contains(layer)) continue;
      const at::Tensor& other = swap.from->activations[static_cast<std::size_t>(layer)];
      for (const auto& [here, there] : swap.map) wanted[here].copy_(other[there]);
    }
  }

  const Model& model_;
  const TranscoderSet& transcoders_;
  ModelSite write_site_;
  HeldParts held_;
  std::map<std::int64_t, std::vector<PlacedEdit>> edits_;  // by layer
  std::vector<PlacedSwap> swaps_;
  std::map<std::int64_t, at::Tensor> pending_;  // layer -> [m, d_model]
};

}  // namespace

std::unique_ptr<SiteVisitor> edit_transcoder_features(const Model& model,
                                                      const TranscoderSet& transcoders,
                                                      std::vector<PlacedEdit> edits,
                                                      std::vector<PlacedSwap> swaps,
                                                      HeldParts held) {
  return std::make_unique<TranscoderEditor>(model, transcoders, std::move(edits), std::move(swaps),
                                            held);
}

std::unique_ptr<SiteVisitor> edit_sae_features(const Sae& sae, std::vector<PlacedEdit> edits,
                                               HeldParts held) {
  return std::make_unique<SaeEditor>(sae, std::move(edits), held);
}

}  // namespace circuit
