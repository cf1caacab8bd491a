// Buffers that are allocated once and used for batches of different sizes.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace circuit {

/// A contiguous tensor of this shape over the memory of `buffer` where that is large enough and of
/// this type and device, else a new one. Values are undefined.
at::Tensor reuse_buffer(const at::Tensor& buffer, const std::vector<std::int64_t>& shape,
                        const at::TensorOptions& options);

}  // namespace circuit
