#include "tracer/machine/threads.h"

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace circuit::testing {
namespace {

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
