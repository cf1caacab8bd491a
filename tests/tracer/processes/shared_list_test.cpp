#include "tracer/processes/shared_list.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace circuit {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

constexpr SharedListTimes kQuick{
    .beat = milliseconds(1), .missed_beats = 20, .join = milliseconds(0)};

ProcessPlace place(int rank, int world) { return {.rank = rank, .world = world}; }

/// A process that was killed: its list is gone without a farewell.
void be_killed(std::optional<SharedList>& list) { list.reset(); }

TEST(SharedList, GivesOneProcessAllTasksInOrder) {
  LocalCounters counters;
  SharedList list(counters, 3, place(0, 1));
  for (const std::size_t task : {0, 1, 2}) {
    EXPECT_EQ(list.claim(), task);
    list.finish(task);
  }
  EXPECT_EQ(list.claim(), std::nullopt);
  EXPECT_EQ(list.claim_abandoned(), std::nullopt);
  EXPECT_TRUE(list.claim_closing());
  list.close(7);
  EXPECT_EQ(list.closing_result(), 7);
  list.leave();
}

TEST(SharedList, GivesEachTaskToOneOfManyProcesses) {
  constexpr std::size_t kTasks = 200;
  LocalCounters counters;
  std::mutex mutex;
  std::vector<std::size_t> done;
  int closers = 0;
  std::vector<std::int64_t> results;
  const auto work = [&](int rank) {
    SharedList list(counters, kTasks, place(rank, 4));
    const auto take = [&](std::size_t task) {
      const std::lock_guard lock(mutex);
      done.push_back(task);
      list.finish(task);
    };
    while (const auto task = list.claim()) take(*task);
    while (const auto task = list.claim_abandoned()) take(*task);
    if (list.claim_closing()) {
      const std::lock_guard lock(mutex);
      EXPECT_EQ(done.size(), kTasks);
      ++closers;
      list.close(5);
    }
    const std::lock_guard lock(mutex);
    results.push_back(list.closing_result());
  };
  std::vector<std::thread> processes;
  for (int rank = 0; rank < 4; ++rank) processes.emplace_back(work, rank);
  for (std::thread& process : processes) process.join();
  std::ranges::sort(done);
  ASSERT_EQ(done.size(), kTasks);
  for (std::size_t task = 0; task < kTasks; ++task) EXPECT_EQ(done[task], task);
  EXPECT_EQ(closers, 1);
  EXPECT_THAT(results, ElementsAre(5, 5, 5, 5));
}

TEST(SharedList, TakesOverWhatAKilledProcessHeld) {
  LocalCounters counters;
  std::optional<SharedList> killed(std::in_place, counters, 4, place(1, 2), kQuick);
  EXPECT_EQ(killed->claim(), 0);
  EXPECT_EQ(killed->claim(), 1);
  killed->finish(0);
  SharedList list(counters, 4, place(0, 2), kQuick);
  EXPECT_EQ(list.claim(), 2);
  EXPECT_EQ(list.claim(), 3);
  be_killed(killed);
  list.finish(2);
  list.finish(3);
  EXPECT_EQ(list.claim(), std::nullopt);
  EXPECT_EQ(list.claim_abandoned(), 1);
  list.finish(1);
  EXPECT_EQ(list.claim_abandoned(), std::nullopt);
}

TEST(SharedList, TakesOverATaskThatWasHandedOutAndNeverBegun) {
  LocalCounters counters;
  counters.add("next", 1);  // by a process that was killed right then
  SharedList list(counters, 1, place(0, 2), kQuick);
  EXPECT_EQ(list.claim(), std::nullopt);
  EXPECT_EQ(list.claim_abandoned(), 0);
}

TEST(SharedList, CountsATaskAsFinishedThoughTheProcessWasKilledCountingIt) {
  LocalCounters counters;
  counters.add("next", 2);
  counters.add("finished/1", 1);  // but not yet "finished"
  SharedList list(counters, 2, place(0, 2), kQuick);
  EXPECT_EQ(list.claim_abandoned(), 0);
  list.finish(0);
  EXPECT_EQ(list.claim_abandoned(), std::nullopt);
}

TEST(SharedList, LeavesATaskToTheProcessThatHoldsIt) {
  LocalCounters counters;
  // Time enough for the holder's thread on a busy machine.
  const SharedListTimes times{.beat = milliseconds(5), .missed_beats = 400};
  SharedList holder(counters, 1, place(1, 2), times);
  EXPECT_EQ(holder.claim(), 0);
  SharedList other(counters, 1, place(0, 2), times);
  std::optional<std::size_t> taken = 7;
  std::thread waits([&] { taken = other.claim_abandoned(); });
  const std::int64_t before = counters.add("beat/0", 0);
  while (counters.add("beat/0", 0) < before + 5) std::this_thread::sleep_for(milliseconds(1));
  holder.finish(0);
  waits.join();
  EXPECT_EQ(taken, std::nullopt);
}

TEST(SharedList, GivesAnAbandonedTaskToOneOfThoseThatWait) {
  LocalCounters counters;
  counters.add("next", 1);
  std::mutex mutex;
  int takers = 0;
  const auto work = [&](int rank) {
    SharedList list(counters, 1, place(rank, 3), {.beat = milliseconds(5), .missed_beats = 100});
    while (const auto task = list.claim_abandoned()) {
      const std::lock_guard lock(mutex);
      ++takers;
      list.finish(*task);
    }
  };
  std::vector<std::thread> processes;
  for (int rank = 0; rank < 3; ++rank) processes.emplace_back(work, rank);
  for (std::thread& process : processes) process.join();
  EXPECT_EQ(takers, 1);
}

TEST(SharedList, TakesOverTheClosingWorkToo) {
  LocalCounters counters;
  std::optional<SharedList> killed(std::in_place, counters, 0, place(1, 2), kQuick);
  EXPECT_TRUE(killed->claim_closing());
  SharedList list(counters, 0, place(0, 2), kQuick);
  be_killed(killed);
  EXPECT_TRUE(list.claim_closing());
  list.close(3);
  EXPECT_EQ(list.closing_result(), 3);
  EXPECT_FALSE(list.claim_closing());
}

TEST(SharedList, KeepsTheFirstProcessUntilTheOthersAreGone) {
  LocalCounters counters;
  SharedList first(counters, 0, place(0, 3),
                   {.beat = milliseconds(1), .missed_beats = 2000, .join = milliseconds(0)});
  std::optional<SharedList> second(std::in_place, counters, 0, place(1, 3),
                                   kQuick);  // the third never comes
  bool second_left = false;
  std::mutex mutex;
  std::thread leaves([&] {
    first.leave();
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(second_left);
  });
  const std::int64_t before = counters.add("process/1", 0);
  while (counters.add("process/1", 0) < before + 20) std::this_thread::sleep_for(milliseconds(1));
  {
    const std::lock_guard lock(mutex);
    second_left = true;
    second->leave();
  }
  leaves.join();
}

TEST(SharedList, DoesNotWaitForAProcessThatWasKilled) {
  LocalCounters counters;
  SharedList first(counters, 0, place(0, 2), kQuick);
  std::optional<SharedList> second(std::in_place, counters, 0, place(1, 2), kQuick);
  be_killed(second);
  first.leave();
}

/// Counters whose server is gone.
class LostCounters final : public Counters {
 public:
  std::int64_t add(const std::string& key, std::int64_t value) override {
    if (lost) throw std::runtime_error("gone");
    return counters.add(key, value);
  }
  LocalCounters counters;
  std::atomic<bool> lost = false;
};

TEST(SharedList, TellsThatTheCountersAreGone) {
  LostCounters counters;
  SharedList list(counters, 1, place(1, 2), kQuick);
  EXPECT_EQ(list.claim(), 0);
  counters.lost = true;
  EXPECT_THROW(list.finish(0), std::runtime_error);
  EXPECT_THROW(list.claim(), std::runtime_error);
}

}  // namespace
}  // namespace circuit
