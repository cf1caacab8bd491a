#include "tracer/model/soft_cap.h"

#include <ATen/ATen.h>

namespace circuit {

at::Tensor soft_cap(const at::Tensor& x, double cap) {
  return cap > 0 ? (x / cap).tanh() * cap : x;
}

}  // namespace circuit
