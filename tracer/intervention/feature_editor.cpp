#include "tracer/intervention/feature_editor.h"

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
  }
  return activation;
}

/// feature -> value − activation at each of the positions given: [m].
using Deltas = std::map<std::int64_t, at::Tensor>;

// activations [m, n_features] at the positions from `first_position` on.
Deltas deltas_of(const std::vector<PlacedEdit>& edits, const at::Tensor& activations,
                 std::int64_t first_position) {
  Deltas deltas;
  for (const PlacedEdit& placed : edits) {
    const at::Tensor column = activations.select(1, placed.edit.feature).to(at::kCPU);
    at::Tensor& delta = deltas[placed.edit.feature];
    if (!delta.defined()) delta = at::zeros_like(column);
    for (std::int64_t i = 0; i < column.size(0); ++i) {
      if (!placed.range.contains(first_position + i)) continue;
      const auto activation = column[i].item<double>();
      delta[i] = new_value(placed.edit, activation) - activation;
    }
  }
  return deltas;
}

bool touches(const std::vector<PlacedEdit>& edits, std::int64_t first, std::int64_t count) {
  for (const PlacedEdit& placed : edits) {
    if (placed.range.begin < first + count && first < placed.range.end) return true;
  }
  return false;
}

void check_feature(const PlacedEdit& placed, std::int64_t n_features) {
  if (placed.edit.feature >= n_features) {
    throw std::invalid_argument("--set '" + placed.edit.text + "': there are features 0 to " +
                                std::to_string(n_features - 1));
  }
}

class SaeEditor final : public SiteVisitor {
 public:
  SaeEditor(const Sae& sae, std::vector<PlacedEdit> edits)
      : sae_(sae), place_(place_of(sae.info().hook)), edits_(std::move(edits)) {
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
    if (place != place_ || !touches(edits_, first_position, x.size(0))) return;
    for (const auto& [feature, delta] : deltas_of(edits_, sae_.activations(x), first_position)) {
      const at::Tensor row = sae_.decoder_rows(at::tensor({feature})).to(x.options());
      x = x + delta.to(x.device()).unsqueeze(1) * row;
    }
  }

 private:
  const Sae& sae_;
  SitePlace place_;
  std::vector<PlacedEdit> edits_;
};

class TranscoderEditor final : public SiteVisitor {
 public:
  TranscoderEditor(const Model& model, const TranscoderSet& transcoders,
                   std::vector<PlacedEdit> edits)
      : model_(model),
        transcoders_(transcoders),
        write_site_(site_of(transcoders.info().write_site)) {
    const TranscoderInfo& info = transcoders.info();
    for (PlacedEdit& placed : edits) {
      check_feature(placed, info.n_features);
      if (placed.edit.layer >= info.n_layers) {
        throw std::invalid_argument("--set '" + placed.edit.text + "': there are layers 0 to " +
                                    std::to_string(info.n_layers - 1));
      }
      edits_[placed.edit.layer].push_back(std::move(placed));
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
  // What the edits of `layer` will add at its write site, and at those of later layers.
  void read(std::int64_t layer, std::int64_t first_position, const at::Tensor& residual_mid) {
    const auto edits = edits_.find(layer);
    if (edits == edits_.end() || !touches(edits->second, first_position, residual_mid.size(0))) {
      return;
    }
    const at::Tensor input =
        read_live(transcoders_.info().read_site,
                  model_.blocks[static_cast<std::size_t>(layer)].mlp_norm, residual_mid);
    const at::Tensor activations = transcoders_.activate(layer, transcoders_.encode(layer, input));
    for (const auto& [feature, delta] : deltas_of(edits->second, activations, first_position)) {
      const at::Tensor rows =
          transcoders_.decoder_rows(layer, at::tensor({feature}))[0].to(residual_mid.options());
      const at::Tensor column = delta.to(residual_mid.device()).unsqueeze(1);
      for (std::int64_t step = 0; step < rows.size(0); ++step) {
        at::Tensor& sum = pending_[layer + step];
        sum = sum.defined() ? sum + column * rows[step] : column * rows[step];
      }
    }
  }

  const Model& model_;
  const TranscoderSet& transcoders_;
  ModelSite write_site_;
  std::map<std::int64_t, std::vector<PlacedEdit>> edits_;  // by layer
  std::map<std::int64_t, at::Tensor> pending_;             // layer -> [m, d_model]
};

}  // namespace

std::unique_ptr<SiteVisitor> edit_transcoder_features(const Model& model,
                                                      const TranscoderSet& transcoders,
                                                      std::vector<PlacedEdit> edits) {
  return std::make_unique<TranscoderEditor>(model, transcoders, std::move(edits));
}

std::unique_ptr<SiteVisitor> edit_sae_features(const Sae& sae, std::vector<PlacedEdit> edits) {
  return std::make_unique<SaeEditor>(sae, std::move(edits));
}

}  // namespace circuit
