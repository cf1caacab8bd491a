#include <algorithm>

#include <ATen/ATen.h>

#include "tracer/features/feature_reader.h"
#include "tracer/model/affine.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/run.h"
#include "tracer/replacement/write_site.h"
#include "transcoders/product.h"

namespace circuit {
namespace {

// What the features of `from` write into `layer`: [n, d_model]. Reads the decoder rows of features
// that fire, and no others.
at::Tensor write_into(const TranscoderSet& transcoders, std::int64_t from, std::int64_t layer,
                      const at::Tensor& activations) {
  const at::Tensor firing = (activations != 0).any(/*dim=*/0).nonzero().squeeze(1);
  const at::Tensor rows =
      transcoders.decoder_rows_into(from, firing.to(at::kCPU), layer).to(activations.device());
  return product(activations.index_select(1, firing), rows);
}

// b_dec, skip of `read` and what all features write: [n, d_model] at the write site.
at::Tensor reconstruct(const TranscoderSet& transcoders, std::int64_t layer,
                       std::span<const at::Tensor> activations, const at::Tensor& read) {
  at::Tensor sum = at::zeros_like(read) + transcoders.decoder_bias(layer);
  if (const at::Tensor skip = transcoders.skip(layer); skip.defined()) {
    sum += affine(read, skip, {});
  }
  const std::int64_t first = transcoders.info().cross_layer ? 0 : layer;
  for (std::int64_t from = first; from <= layer; ++from) {
    sum += write_into(transcoders, from, layer, activations[static_cast<std::size_t>(from)]);
  }
  return sum;
}

class TranscoderReplacer final : public SiteVisitor {
 public:
  TranscoderReplacer(const Model& model, const TranscoderSet& transcoders,
                     std::int64_t zero_positions)
      : model_(model),
        transcoders_(transcoders),
        zero_positions_(zero_positions),
        write_site_(site_of(transcoders.info().write_site)) {}

  void visit(const SitePlace& place, std::int64_t first_position, at::Tensor& x) override {
    const auto layer = static_cast<std::size_t>(place.layer);
    const std::int64_t kept =
        std::clamp<std::int64_t>(zero_positions_ - first_position, 0, x.size(0));
    if (place.site == ModelSite::kResidualMid) {
      if (layer == 0) activations_.clear();
      read_ = read_live(transcoders_.info().read_site, model_.blocks[layer].mlp_norm, x);
      at::Tensor a = transcoders_.activate(place.layer, transcoders_.encode(place.layer, read_));
      a.narrow(0, 0, kept).zero_();
      activations_.push_back(a);
    } else if (place.site == write_site_) {
      at::Tensor replaced = reconstruct(transcoders_, place.layer, activations_, read_);
      replaced.narrow(0, 0, kept).copy_(x.narrow(0, 0, kept));
      x = replaced;
    }
  }

 private:
  const Model& model_;
  const TranscoderSet& transcoders_;
  std::int64_t zero_positions_;
  ModelSite write_site_;
  at::Tensor read_;                      // at the read site of the layer that is being passed
  std::vector<at::Tensor> activations_;  // of the layers passed
};

class TranscoderReader final : public FeatureReader {
 public:
  TranscoderReader(const Model& model, const TranscoderSet& transcoders)
      : model_(model), transcoders_(transcoders) {
    for (std::int64_t layer = 0; layer < model.config.n_layers; ++layer) layers_.push_back(layer);
  }

  at::Tensor activations(const ForwardRecord& record, std::size_t i) const override {
    const auto layer = static_cast<std::int64_t>(i);
    return transcoders_.activate(layer, transcoders_.encode(layer, read(record, i)));
  }
  at::Tensor target(const ForwardRecord& record, std::size_t i) const override {
    return written_value(transcoders_.info().write_site, model_.blocks[i], record.blocks[i]);
  }
  at::Tensor reconstruction(const ForwardRecord& record, std::span<const at::Tensor> activations,
                            std::size_t i) const override {
    return reconstruct(transcoders_, static_cast<std::int64_t>(i), activations, read(record, i));
  }
  at::Tensor written(std::size_t i, const at::Tensor& features) const override {
    return written_by_features(model_, transcoders_, static_cast<std::int64_t>(i), features);
  }
  std::unique_ptr<SiteVisitor> replacer(std::int64_t zero_positions) const override {
    return std::make_unique<TranscoderReplacer>(model_, transcoders_, zero_positions);
  }

 private:
  at::Tensor read(const ForwardRecord& record, std::size_t i) const {
    return read_input(transcoders_.info().read_site, model_.blocks[i].mlp_norm,
                      record.blocks[i].mlp_inverse_scale, record.blocks[i].residual_mid);
  }

  const Model& model_;
  const TranscoderSet& transcoders_;
};

}  // namespace

std::unique_ptr<FeatureReader> read_transcoder_features(const Model& model,
                                                        const TranscoderSet& transcoders) {
  check_fit(model, transcoders);
  return std::make_unique<TranscoderReader>(model, transcoders);
}

}  // namespace circuit
