// The one place that sets thread counts: our loops run on oneTBB, the BLAS and torch inside them
// on one thread each (docs/performance.md, threads).
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace circuit {

/// While it lives, at most `threads` threads run our loops (0 = all cores) and every product runs
/// on the thread that calls it. One at a time per process.
class ThreadScope {
 public:
  explicit ThreadScope(int threads);
  ~ThreadScope();
  ThreadScope(const ThreadScope&) = delete;  // owns a process-wide setting
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  struct Limit;
  std::unique_ptr<Limit> limit_;
};

/// Makes what `ThreadScope` says hold in the calling thread too; for threads that are neither the
/// one that made it nor tasks.
void use_one_thread_here();

/// body(0) … body(count - 1) in parallel, each under torch's inference mode. Tasks must write to
/// disjoint memory; the split into tasks is the caller's, so results do not depend on threads.
void parallel_tasks(std::size_t count, const std::function<void(std::size_t)>& body);

/// Threads that may run tasks at the same time.
std::size_t worker_count();
/// Inside a task: which of them runs it, 0 … worker_count() - 1; for buffers of their own.
std::size_t current_worker();

}  // namespace circuit
