#include "tracer/cli/engine/trailing_worker.h"

#include <utility>

namespace circuit::cli {

TrailingWorker::TrailingWorker(bool own_thread) {
  if (own_thread) thread_ = std::thread([this] { work(); });
}

TrailingWorker::~TrailingWorker() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void TrailingWorker::run(std::function<void()> job) {
  if (!thread_.joinable()) {
    job();
    return;
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !waiting_; });
  rethrow_failure();
  waiting_ = std::move(job);
  changed_.notify_all();
}

void TrailingWorker::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !has_job(); });
  rethrow_failure();
}

bool TrailingWorker::is_idle() {
  const std::lock_guard lock(mutex_);
  return !has_job();
}

void TrailingWorker::rethrow_failure() {
  if (failure_) std::rethrow_exception(failure_);
}

void TrailingWorker::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return waiting_ || stopped_; });
    if (!waiting_) return;
    std::function<void()> job = std::move(*waiting_);
    waiting_.reset();
    running_ = true;
    const bool drop = failure_ != nullptr;
    lock.unlock();
    changed_.notify_all();
    std::exception_ptr thrown;
    if (!drop) {
      try {
        job();
      } catch (...) {
        thrown = std::current_exception();
      }
    }
    job = nullptr;  // with what it holds, before the next one may come
    lock.lock();
    running_ = false;
    if (thrown) failure_ = thrown;
    changed_.notify_all();
  }
}

}  // namespace circuit::cli
