// A list of tasks that several processes work through together, each task done by one of them; what
// a process leaves behind when it is killed, another takes over. Non-goal: saying what a task is.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tracer/processes/counters.h"
#include "tracer/processes/process_place.h"

namespace circuit {

struct SharedListTimes {
  /// A process says this often that it is there, and looks this often whether others are.
  std::chrono::milliseconds beat{250};
  int missed_beats = 12;  ///< After so many looks without a sign a process counts as killed.
  /// How long process 0, which serves the counters, stays for others that did not come yet.
  std::chrono::milliseconds join{60'000};
};

/// Tasks are 0 … count - 1. A task may be done twice when a process that counts as killed was only
/// held up, so doing one must be repeatable. Members but `finish` are called from one thread; all
/// may throw what `Counters::add` throws.
///
/// Everything is counters: `next` hands out tasks; the holder of task K keeps counting `beat/K` up,
/// and who finds it at rest and then adds 1 first, which its return value shows, is the next
/// holder; `finished/K` is above 0 when K is done. The closing work is task `count`.
class SharedList {
 public:
  SharedList(Counters& counters, std::size_t count, const ProcessPlace& place,
             SharedListTimes times = {});
  ~SharedList();
  SharedList(const SharedList&) = delete;  // owns a thread
  SharedList& operator=(const SharedList&) = delete;

  /// The next task that nobody had yet; nothing when all are handed out.
  std::optional<std::size_t> claim();
  /// To be called when this process has finished all its tasks and none is left to `claim`: waits
  /// until all tasks are finished (nothing), or one was left behind by another process.
  std::optional<std::size_t> claim_abandoned();
  void finish(std::size_t task);

  /// After that: true in the one process that is to do the closing work; in the others waits until
  /// that is done.
  bool claim_closing();
  /// The closing work is done; `result` is for all.
  void close(std::int64_t result);
  /// What `close` was given.
  std::int64_t closing_result();
  /// This process needs the counters no more; process 0, which serves them, waits for the others.
  void leave();

 private:
  struct Watched {
    std::string name;  ///< of what beats
    std::int64_t seen = -1;
    int at_rest = 0;  ///< looks without a beat since

    bool has_beaten() const { return seen > 0; }
  };
  struct WatchedTask {
    std::size_t task = 0;
    Watched beat;
  };

  bool is_alone() const { return place_.world == 1; }
  bool is_finished(std::size_t task);
  void hold(std::size_t task);
  void look(Watched& watched);
  bool is_silent(const Watched& watched) const { return watched.at_rest >= times_.missed_beats; }
  /// The first of `tasks` that could be taken over; removes finished ones.
  std::optional<std::size_t> take_over(std::vector<WatchedTask>& tasks);
  std::vector<WatchedTask> unfinished_tasks();
  void wait_for_process(int rank);
  void beat_until_stopped();

  Counters& counters_;
  std::size_t count_;
  ProcessPlace place_;
  SharedListTimes times_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::mutex mutex_;  // guards what follows
  std::set<std::size_t> held_;
  bool stopped_ = false;
  std::condition_variable wake_;
  std::thread heart_;
};

}  // namespace circuit
