#include "transcoders/product.h"

#include <ATen/ATen.h>

namespace circuit {

at::ScalarType sum_type(at::ScalarType weights) {
  return weights == at::kBFloat16 ? at::kFloat : weights;
}

at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() == b.scalar_type()) return at::mm(a, b);
  return at::mm(a.to(b.scalar_type()), b).to(a.scalar_type());
}

void product_into(at::Tensor out, const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() == b.scalar_type()) {
    at::mm_out(out, a, b);
  } else {
    out.copy_(at::mm(a.to(b.scalar_type()), b));
  }
}

void add_product(at::Tensor out, const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() == b.scalar_type()) {
    out.addmm_(a, b);
  } else {
    out.add_(at::mm(a.to(b.scalar_type()), b));
  }
}

void add_batched_product(at::Tensor out, const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() == b.scalar_type()) {
    out.baddbmm_(a, b);
  } else {
    out.add_(at::bmm(a.to(b.scalar_type()), b));
  }
}

}  // namespace circuit
