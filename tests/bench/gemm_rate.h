// What the matrix units of this machine give, measured in the same run as everything else.
#pragma once

#include <string>

namespace circuit::bench {

struct GemmRate {
  double gflops = 0.0;  ///< of all threads together, each with products of its own
  std::string library;  ///< the BLAS and the kernels it chose, as far as it says
};

/// Products [1024, 1024] x [1024, 1024] in float, one on each thread; median of `repeat`.
GemmRate gemm_rate(int repeat = 9);

}  // namespace circuit::bench
