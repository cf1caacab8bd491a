#include "tracer/model/affine.h"

#include <ATen/ATen.h>

#include "transcoders/product.h"

namespace circuit {

at::Tensor affine(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (!bias.defined()) return product(x, weight.t());
  if (x.scalar_type() == weight.scalar_type()) return at::addmm(bias, x, weight.t());
  return product(x, weight.t()).add_(bias);
}

}  // namespace circuit
