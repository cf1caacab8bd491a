// RMS norm and LayerNorm: the forward, and with the denominator frozen the linear map and its
// transpose (docs/method.md, frozen norms).
#pragma once

#include <ATen/core/Tensor.h>

#include "tracer/model/config.h"

namespace circuit {

struct Norm {
  NormKind kind = NormKind::kRms;
  double epsilon = 1e-5;
  at::Tensor gain;  ///< [d_model], or [d_head] of queries and keys
  at::Tensor bias;  ///< as gain; undefined for RMS norm
};

struct NormOutput {
  at::Tensor inverse_scale;  ///< [n, 1], 1 / denominator
  at::Tensor normalized;     ///< [n, d_model], before gain and bias
  at::Tensor output;         ///< [n, d_model]
};

/// x [n, d_model]. A defined `inverse_scale` is taken in place of the live one.
NormOutput norm_forward(const Norm& norm, const at::Tensor& x,
                        const at::Tensor& inverse_scale = {});

/// The mean over the last dimension removed where the norm centres (LayerNorm), else x. Its own
/// transpose.
at::Tensor norm_centre(const Norm& norm, const at::Tensor& x);

/// Frozen linear map, without bias: x [n, d_model], inverse_scale [n, 1] -> [n, d_model].
at::Tensor norm_push(const Norm& norm, const at::Tensor& inverse_scale, const at::Tensor& x);

/// Transpose of norm_push: gradient at the output -> gradient at the input.
at::Tensor norm_pull(const Norm& norm, const at::Tensor& inverse_scale, const at::Tensor& gradient);

}  // namespace circuit
