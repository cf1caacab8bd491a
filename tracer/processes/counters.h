// Counters that several processes, or only this one, add to: all that sharing a list needs.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace circuit {

/// May be used from several threads at once.
class Counters {
 public:
  virtual ~Counters() = default;
  /// The value of `key` (0 at first) after `value` was added, in one step. Throws
  /// std::runtime_error when the counters cannot be reached any more.
  virtual std::int64_t add(const std::string& key, std::int64_t value) = 0;
};

/// Of this process.
class LocalCounters final : public Counters {
 public:
  std::int64_t add(const std::string& key, std::int64_t value) override {
    const std::lock_guard lock(mutex_);
    return values_[key] += value;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::int64_t> values_;
};

}  // namespace circuit
