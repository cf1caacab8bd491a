#include "tracer/replacement/buffer.h"

#include <ATen/ATen.h>

namespace circuit {

at::Tensor reuse_buffer(const at::Tensor& buffer, const std::vector<std::int64_t>& shape,
                        const at::TensorOptions& options) {
  std::int64_t needed = 1;
  for (const std::int64_t size : shape) needed *= size;
  if (buffer.defined() && buffer.dtype() == options.dtype() &&
      buffer.device() == options.device() &&
      buffer.storage().nbytes() >= static_cast<std::size_t>(needed) * buffer.element_size()) {
    return buffer.as_strided({needed}, {1}, 0).view(shape);
  }
  return at::empty(shape, options);
}

}  // namespace circuit
