// What a dictionary of features (transcoders, or one SAE) makes of a forward of the model.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/model/model.h"
#include "tracer/model/site.h"
#include "transcoders/sae.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

/// Read only; usable from several threads. All tensors are on the model's device.
class FeatureReader {
 public:
  virtual ~FeatureReader() = default;

  /// The layers that have features, ascending.
  const std::vector<std::int64_t>& layers() const { return layers_; }

  /// Activations [n, n_features] of the i-th of `layers`.
  virtual at::Tensor activations(const ForwardRecord& record, std::size_t i) const = 0;
  /// What the i-th is to reproduce: [n, d_model].
  virtual at::Tensor target(const ForwardRecord& record, std::size_t i) const = 0;
  /// What it makes of that: [n, d_model], from the activations of the layers 0 … i of `layers`.
  virtual at::Tensor reconstruction(const ForwardRecord& record,
                                    std::span<const at::Tensor> activations,
                                    std::size_t i) const = 0;
  /// What features (i64 [k]) of the i-th write, in all layers together: [k, d_model], for names.
  virtual at::Tensor written(std::size_t i, const at::Tensor& features) const = 0;
  /// Told of a live forward's sites, it puts the reconstruction in place of the target, everywhere
  /// but at the first `zero_positions`; activations are those of the changed forward.
  virtual std::unique_ptr<SiteVisitor> replacer(std::int64_t zero_positions) const = 0;

 protected:
  std::vector<std::int64_t> layers_;
};

/// Transcoders of all layers. Throws std::runtime_error when they do not fit the model. Both
/// outlive the reader.
std::unique_ptr<FeatureReader> read_transcoder_features(const Model& model,
                                                        const TranscoderSet& transcoders);
/// The same with an SAE, whose layer the model must have.
std::unique_ptr<FeatureReader> read_sae_features(const Model& model, const Sae& sae);

}  // namespace circuit
