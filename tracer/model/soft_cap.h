// Soft caps keep scores and logits of Gemma 2 within bounds.
#pragma once

#include <ATen/core/Tensor.h>

namespace circuit {

/// cap · tanh(x / cap), or x itself when `cap` is 0.
at::Tensor soft_cap(const at::Tensor& x, double cap);

}  // namespace circuit
