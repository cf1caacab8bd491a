#include "tracer/machine/threads.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <dlfcn.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

namespace circuit {
namespace {

// That there have been so far in this process.
std::atomic<int> scopes = 0;

// at::set_num_threads does not reach a BLAS that LibTorch calls as libblas.so.3.
void use_one_blas_thread() {
  using Set = void (*)(int);
  if (auto set = reinterpret_cast<Set>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) set(1);
  if (auto set = reinterpret_cast<Set>(dlsym(RTLD_DEFAULT, "MKL_Set_Num_Threads"))) set(1);
  if (at::get_num_threads() != 1) at::set_num_threads(1);
}

}  // namespace

struct ThreadScope::Limit {
  explicit Limit(std::size_t threads)
      : control(tbb::global_control::max_allowed_parallelism, threads) {}
  tbb::global_control control;
};

ThreadScope::ThreadScope(int threads) {
  const std::size_t cores = std::max(1u, std::thread::hardware_concurrency());
  limit_ = std::make_unique<Limit>(threads > 0 ? static_cast<std::size_t>(threads) : cores);
  use_one_blas_thread();
  ++scopes;
}

ThreadScope::~ThreadScope() = default;

// OpenMP and the MKL inside LibTorch keep a count for each thread that calls them: what
// at::set_num_threads said in one thread is taken over in another by this. Once a thread and scope:
// it takes 20 µs where nobody ever set a count, because LibTorch then asks the system for its
// cores.
void use_one_thread_here() {
  thread_local int taken_over = 0;
  const int now = scopes.load(std::memory_order_relaxed);
  if (taken_over == now && now != 0) return;
  at::init_num_threads();
  taken_over = now;
}

std::size_t worker_count() {
  return static_cast<std::size_t>(tbb::this_task_arena::max_concurrency());
}

std::size_t current_worker() {
  return static_cast<std::size_t>(std::max(0, tbb::this_task_arena::current_thread_index()));
}

void parallel_tasks(std::size_t count, const std::function<void(std::size_t)>& body) {
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>(0, count, /*grainsize=*/1),
      [&](const tbb::blocked_range<std::size_t>& range) {
        const c10::InferenceMode inference;
        use_one_thread_here();
        for (std::size_t i = range.begin(); i != range.end(); ++i) body(i);
      },
      tbb::simple_partitioner());
}

}  // namespace circuit
