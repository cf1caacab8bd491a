#include <algorithm>
#include <stdexcept>

#include <ATen/ATen.h>

#include "tracer/features/feature_reader.h"

namespace circuit {
namespace {

// Everything but the first `zero_positions` of `changed`, which stay those of `live`.
at::Tensor behind_zeroed(const at::Tensor& live, const at::Tensor& changed,
                         std::int64_t first_position, std::int64_t zero_positions) {
  const std::int64_t kept =
      std::clamp<std::int64_t>(zero_positions - first_position, 0, live.size(0));
  if (kept == 0) return changed;
  return at::cat({live.narrow(0, 0, kept), changed.narrow(0, kept, live.size(0) - kept)});
}

class SaeReplacer final : public SiteVisitor {
 public:
  SaeReplacer(const Sae& sae, std::int64_t zero_positions)
      : sae_(sae), place_(place_of(sae.info().hook)), zero_positions_(zero_positions) {}

  void visit(const SitePlace& place, std::int64_t first_position, at::Tensor& x) override {
    if (place != place_) return;
    x = behind_zeroed(x, sae_.decode(sae_.activations(x)), first_position, zero_positions_);
  }

 private:
  const Sae& sae_;
  SitePlace place_;
  std::int64_t zero_positions_;
};

class SaeReader final : public FeatureReader {
 public:
  SaeReader(const Model& model, const Sae& sae)
      : model_(model), sae_(sae), place_(place_of(sae.info().hook)) {
    layers_ = {sae.info().hook.layer};
  }

  at::Tensor activations(const ForwardRecord& record, std::size_t i) const override {
    return sae_.activations(target(record, i));
  }
  at::Tensor target(const ForwardRecord& record, std::size_t) const override {
    return recorded_value(model_, record, place_);
  }
  at::Tensor reconstruction(const ForwardRecord&, std::span<const at::Tensor> activations,
                            std::size_t i) const override {
    return sae_.decode(activations[i]);
  }
  at::Tensor written(std::size_t, const at::Tensor& features) const override {
    return sae_.decoder_rows(features).to(model_.device());
  }
  std::unique_ptr<SiteVisitor> replacer(std::int64_t zero_positions) const override {
    return std::make_unique<SaeReplacer>(sae_, zero_positions);
  }

 private:
  const Model& model_;
  const Sae& sae_;
  SitePlace place_;
};

}  // namespace

std::unique_ptr<FeatureReader> read_sae_features(const Model& model, const Sae& sae) {
  const SaeInfo& info = sae.info();
  const auto misfit = [&](const std::string& what) {
    throw std::runtime_error("[load_sae] " + info.directory.string() + ": " + what);
  };
  if (info.d_model != model.config.d_model) {
    misfit("d_model is " + std::to_string(info.d_model) + ", the model " + model.name + " has " +
           std::to_string(model.config.d_model));
  }
  if (info.hook.layer < 0 || info.hook.layer >= model.config.n_layers) {
    misfit("hook is " + to_string(info.hook) + ", the model " + model.name + " has layers 0 to " +
           std::to_string(model.config.n_layers - 1));
  }
  return std::make_unique<SaeReader>(model, sae);
}

}  // namespace circuit
