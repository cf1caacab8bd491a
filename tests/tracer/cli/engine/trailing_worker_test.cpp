#include "tracer/cli/engine/trailing_worker.h"

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit::cli {
namespace {

using circuit::testing::message_of;
using ::testing::ElementsAre;

TEST(TrailingWorker, DoesJobsInOrderOnAnotherThread) {
  std::vector<int> done;
  std::thread::id thread;
  TrailingWorker worker(/*own_thread=*/true);
  for (int i = 0; i < 5; ++i) {
    worker.run([&, i] {
      done.push_back(i);
      thread = std::this_thread::get_id();
    });
  }
  worker.wait();
  EXPECT_TRUE(worker.is_idle());
  EXPECT_THAT(done, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST(TrailingWorker, WithoutAThreadDoesJobsAtOnce) {
  std::thread::id thread;
  TrailingWorker worker(/*own_thread=*/false);
  worker.run([&] { thread = std::this_thread::get_id(); });
  EXPECT_EQ(thread, std::this_thread::get_id());
  EXPECT_TRUE(worker.is_idle());
  worker.wait();
  EXPECT_EQ(message_of<std::runtime_error>(
                [&] { worker.run([] { throw std::runtime_error("at once"); }); }),
            "at once");
}

TEST(TrailingWorker, LetsOneJobWaitWhileOneRuns) {
  std::promise<void> may_end;
  std::shared_future<void> end = may_end.get_future().share();
  std::atomic<int> given = 0;
  TrailingWorker worker(/*own_thread=*/true);
  std::thread giver([&] {
    for (int i = 0; i < 3; ++i) {
      worker.run([end] { end.wait(); });
      ++given;
    }
  });
  while (given < 2) std::this_thread::yield();
  EXPECT_FALSE(worker.is_idle());
  // The third would have come through by now if it could; either way this must not be 3.
  for (int i = 0; i < 100; ++i) std::this_thread::yield();
  EXPECT_EQ(given, 2);
  may_end.set_value();
  giver.join();
  worker.wait();
}

TEST(TrailingWorker, ThrowsWhatAJobThrewAndDropsLaterOnes) {
  bool dropped = true;
  TrailingWorker worker(/*own_thread=*/true);
  worker.run([] { throw std::runtime_error("first"); });
  EXPECT_EQ(message_of<std::runtime_error>([&] { worker.wait(); }), "first");
  EXPECT_EQ(message_of<std::runtime_error>([&] { worker.run([&] { dropped = false; }); }), "first");
  EXPECT_EQ(message_of<std::runtime_error>([&] { worker.wait(); }), "first");
  EXPECT_TRUE(dropped);
}

TEST(TrailingWorker, EndsItsJobsBeforeItIsGone) {
  std::vector<int> done;
  {
    TrailingWorker worker(/*own_thread=*/true);
    worker.run([&] { done.push_back(0); });
    worker.run([&] { done.push_back(1); });
  }
  EXPECT_THAT(done, ElementsAre(0, 1));
}

TEST(TrailingWorker, FreesAJobBeforeItIsIdle) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  TrailingWorker worker(/*own_thread=*/true);
  worker.run([held = std::move(held)] {});
  worker.wait();
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace circuit::cli
