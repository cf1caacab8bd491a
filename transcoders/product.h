// Matrix products in the type of the weights with sums in a wider one: what `--dtype bf16` means.
#pragma once

#include <ATen/core/Tensor.h>

namespace circuit {

/// The type in which results are kept and added up when weights are of type `weights`: float for
/// bf16, else the type itself.
at::ScalarType sum_type(at::ScalarType weights);

/// a · b: a [n, k] in the sum type of b, rounded to b's type where that is another; b [k, m];
/// result [n, m] in a's type.
at::Tensor product(const at::Tensor& a, const at::Tensor& b);
/// The same into `out` [n, m].
void product_into(at::Tensor out, const at::Tensor& a, const at::Tensor& b);
/// out += a · b.
void add_product(at::Tensor out, const at::Tensor& a, const at::Tensor& b);

/// out[i] += a[i] · b[i]: a [batch, n, k], b [batch, k, m], out [batch, n, m] with a last dimension
/// that is contiguous.
void add_batched_product(at::Tensor out, const at::Tensor& a, const at::Tensor& b);

}  // namespace circuit
