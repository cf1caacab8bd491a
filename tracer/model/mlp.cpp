#include "tracer/model/mlp.h"

#include <ATen/ATen.h>

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

// LibTorch rounds what remains behind whole vectors in another way: row by row where there are such
// remainders, so that a row's values do not depend on the others.
at::Tensor activate(MlpActivation activation, const at::Tensor& x, Rows rows) {
  constexpr std::int64_t kVector = 64;  // a multiple of all there are
  if (rows == Rows::kTogether || x.size(1) % kVector == 0 || x.size(0) == 1)
    return activate(activation, x);
  at::Tensor result = at::empty_like(x);
  for (std::int64_t row = 0; row < x.size(0); ++row) {
    result.narrow(0, row, 1).copy_(activate(activation, x.narrow(0, row, 1)));
  }
  return result;
}

}  // namespace

at::Tensor mlp_forward(const ModelConfig& config, const Mlp& mlp, const at::Tensor& x, Rows rows) {
  const at::Tensor up = affine(x, mlp.up, mlp.up_bias, rows);
  const at::Tensor hidden =
      config.mlp == MlpKind::kGated
          ? activate(config.activation, affine(x, mlp.gate, mlp.gate_bias, rows), rows) * up
          : activate(config.activation, up, rows);
  return affine(hidden, mlp.down, mlp.down_bias, rows);
}

}  // namespace circuit
