#include "tests/bench/gemm_rate.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include <ATen/ATen.h>
#include <dlfcn.h>

#include "tracer/machine/threads.h"

namespace circuit::bench {
namespace {

std::string library_name() {
  using Name = char* (*)();
  if (auto core = reinterpret_cast<Name>(dlsym(RTLD_DEFAULT, "openblas_get_corename"))) {
    return std::string("OpenBLAS, ") + core() + " kernels";
  }
  return at::hasMKL() ? "MKL" : "unknown BLAS";
}

}  // namespace

GemmRate gemm_rate(int repeats) {
  constexpr std::int64_t kSize = 1024;
  constexpr int kProducts = 8;
  const std::size_t threads = worker_count();
  std::vector<at::Tensor> a, b, c;
  for (std::size_t i = 0; i < threads; ++i) {
    a.push_back(at::rand({kSize, kSize}));
    b.push_back(at::rand({kSize, kSize}));
    c.push_back(at::empty({kSize, kSize}));
  }
  std::vector<double> rates;
  for (int repeat = 0; repeat <= repeats; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    parallel_tasks(threads, [&](std::size_t i) {
      for (int product = 0; product < kProducts; ++product) at::mm_out(c[i], a[i], b[i]);
    });
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (repeat > 0) {
      rates.push_back(static_cast<double>(threads) * kProducts * 2e-9 * kSize * kSize * kSize /
                      seconds);
    }
  }
  std::ranges::sort(rates);
  return {.gflops = rates[rates.size() / 2], .library = library_name()};
}

}  // namespace circuit::bench
