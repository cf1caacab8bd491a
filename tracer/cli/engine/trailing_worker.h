// A thread that does what trails behind the main work, so that both go on at the same time.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace circuit::cli {

/// Runs jobs one at a time in the order they came; one at most waits while one runs, so memory
/// stays bounded. Once a job threw, later ones are dropped, and `run` and `wait` throw that. The
/// destructor lets the jobs it has end. All members are called from one thread.
class TrailingWorker {
 public:
  /// Without a thread of its own `run` does the job at once: for machines and settings with one.
  explicit TrailingWorker(bool own_thread);
  ~TrailingWorker();
  TrailingWorker(const TrailingWorker&) = delete;  // owns a thread
  TrailingWorker& operator=(const TrailingWorker&) = delete;

  /// Returns when the job may wait for its turn.
  void run(std::function<void()> job);
  /// Returns when all jobs have ended.
  void wait();
  /// Whether there is nothing to wait for.
  bool is_idle();

 private:
  bool has_job() const { return waiting_.has_value() || running_; }
  void rethrow_failure();
  void work();

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::optional<std::function<void()>> waiting_;
  bool running_ = false;
  bool stopped_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace circuit::cli
