#include "tracer/processes/shared_list.h"

#include <algorithm>
#include <utility>

namespace circuit {
namespace {

std::string key(const char* what, std::size_t which) {
  return std::string(what) + "/" + std::to_string(which);
}

std::string rank_name(int rank) { return "process/" + std::to_string(rank); }

}  // namespace

SharedList::SharedList(Counters& counters, std::size_t count, const ProcessPlace& place,
                       SharedListTimes times)
    : counters_(counters), count_(count), place_(place), times_(times) {
  if (is_alone()) return;
  counters_.add(rank_name(place_.rank), 1);
  heart_ = std::thread([this] { beat_until_stopped(); });
}

SharedList::~SharedList() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  if (heart_.joinable()) heart_.join();
}

std::optional<std::size_t> SharedList::claim() {
  const auto next = static_cast<std::size_t>(counters_.add("next", 1)) - 1;
  if (next >= count_) return std::nullopt;
  hold(next);
  return next;
}

std::optional<std::size_t> SharedList::claim_abandoned() {
  std::vector<WatchedTask> tasks = unfinished_tasks();
  while (true) {
    if (const auto taken = take_over(tasks)) return taken;
    if (tasks.empty()) return std::nullopt;
    std::this_thread::sleep_for(times_.beat);
  }
}

void SharedList::finish(std::size_t task) {
  if (counters_.add(key("finished", task), 1) == 1) counters_.add("finished", 1);
  const std::lock_guard lock(mutex_);
  held_.erase(task);
}

bool SharedList::claim_closing() {
  const std::size_t closing = count_;
  if (counters_.add(key("beat", closing), 1) == 1) {
    hold(closing);
    return true;
  }
  std::vector<WatchedTask> tasks = {{.task = closing, .beat = {.name = key("beat", closing)}}};
  while (true) {
    if (take_over(tasks)) return true;
    if (tasks.empty()) return false;
    std::this_thread::sleep_for(times_.beat);
  }
}

void SharedList::close(std::int64_t result) {
  // A process that took over from one killed between the two lines must not add to its result.
  counters_.add("result", result - closing_result());
  finish(count_);
}

std::int64_t SharedList::closing_result() { return counters_.add("result", 0); }

void SharedList::leave() {
  if (is_alone()) return;
  counters_.add(key("left", static_cast<std::size_t>(place_.rank)), 1);
  if (place_.rank != 0) return;
  for (int rank = 1; rank < place_.world; ++rank) wait_for_process(rank);
}

bool SharedList::is_finished(std::size_t task) {
  return counters_.add(key("finished", task), 0) > 0;
}

void SharedList::hold(std::size_t task) {
  const std::lock_guard lock(mutex_);
  held_.insert(task);
}

void SharedList::look(Watched& watched) {
  const std::int64_t beats = counters_.add(watched.name, 0);
  watched.at_rest = beats == watched.seen ? watched.at_rest + 1 : 0;
  watched.seen = beats;
}

std::optional<std::size_t> SharedList::take_over(std::vector<WatchedTask>& tasks) {
  std::erase_if(tasks, [&](const WatchedTask& one) { return is_finished(one.task); });
  for (WatchedTask& one : tasks) {
    look(one.beat);
    if (!is_silent(one.beat)) continue;
    const std::int64_t beats = counters_.add(one.beat.name, 1);
    if (beats == one.beat.seen + 1) {
      hold(one.task);
      return one.task;
    }
    one.beat.seen = beats;  // another process was faster
    one.beat.at_rest = 0;
  }
  return std::nullopt;
}

// From the end of the list, where the last ones handed out are, so that a long list is not asked
// for task by task.
std::vector<SharedList::WatchedTask> SharedList::unfinished_tasks() {
  const auto finished = static_cast<std::size_t>(counters_.add("finished", 0));
  std::vector<WatchedTask> tasks;
  for (std::size_t task = count_; task-- > 0 && tasks.size() + finished < count_;) {
    if (is_finished(task)) continue;
    tasks.push_back({.task = task, .beat = {.name = key("beat", task)}});
  }
  std::ranges::reverse(tasks);
  return tasks;
}

void SharedList::wait_for_process(int rank) {
  Watched process{.name = rank_name(rank)};
  while (counters_.add(key("left", static_cast<std::size_t>(rank)), 0) == 0) {
    look(process);
    const bool may_come = std::chrono::steady_clock::now() - started_ < times_.join;
    if (process.has_beaten() ? is_silent(process) : !may_come) return;
    std::this_thread::sleep_for(times_.beat);
  }
}

void SharedList::beat_until_stopped() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, times_.beat, [&] { return stopped_; })) {
    const std::set<std::size_t> held = held_;
    lock.unlock();
    try {
      counters_.add(rank_name(place_.rank), 1);
      for (const std::size_t task : held) counters_.add(key("beat", task), 1);
    } catch (const std::exception&) {
      return;  // the next call of a member throws it where it can be told
    }
    lock.lock();
  }
}

}  // namespace circuit
