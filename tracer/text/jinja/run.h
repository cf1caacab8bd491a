// What one rendering may use up, what it owns, and where in the template it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/text/jinja/value.h"

namespace circuit::jinja {

/// A day for `strftime_now`, at midnight.
struct Date {
  int year = 1970;
  int month = 1;
  int day = 1;
};

/// Far above what any conversation needs, so that a bad template ends in a line.
struct Limits {
  std::size_t work = std::size_t{1} << 27;  ///< steps, and bytes and items that they make
  int depth = 250;                          ///< of statements, expressions and calls
  int value_depth = 100;                    ///< of lists in lists
};

class Run {
 public:
  Run(std::string_view name, std::optional<Date> date, const Limits& limits)
      : name_(name), date_(date), limits_(limits), left_(limits.work) {}

  /// The line that is at work, for `fail`.
  int line = 1;

  /// Throws std::runtime_error `[chat_template] NAME:LINE: WHAT`.
  [[noreturn]] void fail(std::string_view what) const;

  /// Fails when that is more than is left.
  void spend(std::size_t work);

  /// Both fail when they are nested too deep.
  Value list(std::vector<Value> items, bool is_tuple = false);
  Value dict(Dict dict);

  Namespace* make_namespace();
  const std::optional<Date>& date() const { return date_; }

  /// One level deeper while it lives.
  class Level {
   public:
    explicit Level(Run& run);
    ~Level() { --run_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Run& run_;
  };

 private:
  std::string_view name_;
  std::optional<Date> date_;
  Limits limits_;
  std::size_t left_;
  int depth_ = 0;
  std::vector<std::unique_ptr<Namespace>> namespaces_;
};

}  // namespace circuit::jinja
