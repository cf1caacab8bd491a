#include "tracer/machine/threads.h"

#include <atomic>
#include <chrono>
#include <ctime>
#include <mutex>
#include <set>
#include <thread>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace circuit::testing {
namespace {

double cpu_seconds() {
  return static_cast<double>(std::clock()) / static_cast<double>(CLOCKS_PER_SEC);
}

// Large enough that a BLAS with threads of its own would use them; nothing but products, because
// LibTorch sets up the thread that calls it in other operations.
void multiply(const at::Tensor& a, at::Tensor& product) {
  for (int i = 0; i < 8; ++i) at::mm_out(product, a, a);
}

TEST(Threads, RunsEveryTaskOnceUnderInferenceMode) {
  const ThreadScope threads(2);
  std::vector<std::atomic<int>> counts(100);
  std::atomic<int> outside{0};
  parallel_tasks(counts.size(), [&](std::size_t i) {
    ++counts[i];
    if (!c10::InferenceMode::is_enabled()) ++outside;
  });
  for (const auto& count : counts) EXPECT_EQ(count, 1);
  EXPECT_EQ(outside, 0);
}

TEST(Threads, StaysOnTheCallersThreadWhenThereIsOne) {
  const ThreadScope threads(1);
  std::set<std::thread::id> ids;
  std::mutex mutex;
  parallel_tasks(50, [&](std::size_t) {
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(ids, std::set{std::this_thread::get_id()});
  EXPECT_EQ(at::get_num_threads(), 1);
}

// MKL and OpenMP keep their number of threads for each thread that calls them: the one that opened
// the scope, the one that starts the tasks and oneTBB's workers may be three different ones.
TEST(Threads, UsesNoMoreCoresThanTasks) {
  const ThreadScope threads(1);
  const at::Tensor a = at::ones({1024, 1024});
  at::Tensor product = at::zeros({1024, 1024});
  const double cpu_before = cpu_seconds();
  const auto started = std::chrono::steady_clock::now();
  multiply(a, product);
  std::thread([&] { parallel_tasks(1, [&](std::size_t) { multiply(a, product); }); }).join();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - started;
  EXPECT_LT((cpu_seconds() - cpu_before) / wall.count(), 1.2);
}

TEST(Threads, PassesExceptionsOn) {
  const ThreadScope threads(2);
  EXPECT_THROW(parallel_tasks(8,
                              [](std::size_t i) {
                                if (i == 5) throw std::runtime_error("five");
                              }),
               std::runtime_error);
}

}  // namespace
}  // namespace circuit::testing
