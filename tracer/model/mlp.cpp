#include "tracer/model/mlp.h"

#include <ATen/ATen.h>

#include "tracer/model/affine.h"

namespace circuit {
namespace {

at::Tensor activate(MlpActivation activation, const at::Tensor& x) {
  switch (activation) {
    case MlpActivation::kSilu:
      return at::silu(x);
    case MlpActivation::kGelu:
      return at::gelu(x);
    case MlpActivation::kGeluTanh:
      return at::gelu(x, "tanh");
  }
  return {};
}

}  // namespace

at::Tensor mlp_forward(const ModelConfig& config, const Mlp& mlp, const at::Tensor& x) {
  const at::Tensor up = affine(x, mlp.up, mlp.up_bias);
  const at::Tensor hidden =
      config.mlp == MlpKind::kGated
          ? activate(config.activation, affine(x, mlp.gate, mlp.gate_bias)) * up
          : activate(config.activation, up);
  return affine(hidden, mlp.down, mlp.down_bias);
}

}  // namespace circuit
