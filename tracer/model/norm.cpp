#include "tracer/model/norm.h"

#include <ATen/ATen.h>

namespace circuit {

NormOutput norm_forward(const Norm& norm, const at::Tensor& x, const at::Tensor& inverse_scale) {
  const at::Tensor centred = norm_centre(norm, x);
  NormOutput result;
  result.inverse_scale = inverse_scale.defined()
                             ? inverse_scale
                             : (centred.square().mean(-1, /*keepdim=*/true) + norm.epsilon).rsqrt();
  result.normalized = centred * result.inverse_scale;
  result.output = result.normalized * norm.gain;
  if (norm.bias.defined()) result.output += norm.bias;
  return result;
}

at::Tensor norm_centre(const Norm& norm, const at::Tensor& x) {
  if (norm.kind == NormKind::kRms) return x;
  return x - x.mean(-1, /*keepdim=*/true);
}

at::Tensor norm_push(const Norm& norm, const at::Tensor& inverse_scale, const at::Tensor& x) {
  return norm_centre(norm, x) * inverse_scale * norm.gain;
}

at::Tensor norm_pull(const Norm& norm, const at::Tensor& inverse_scale,
                     const at::Tensor& gradient) {
  return norm_centre(norm, gradient * norm.gain) * inverse_scale;
}

}  // namespace circuit
