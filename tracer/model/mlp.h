// The MLP of a block. Its output is frozen in the linear backward, so it has a forward only.
#pragma once

#include <ATen/core/Tensor.h>

#include "tracer/model/affine.h"
#include "tracer/model/config.h"

namespace circuit {

/// Projections [out, in]; `gate` is undefined for the plain kind.
struct Mlp {
  at::Tensor gate, up, down;
  at::Tensor gate_bias, up_bias, down_bias;
};

/// x [n, d_model] after the norm -> [n, d_model].
at::Tensor mlp_forward(const ModelConfig& config, const Mlp& mlp, const at::Tensor& x,
                       Rows rows = Rows::kTogether);

}  // namespace circuit
