// How far a long stage is, with its rate and the time that is left, on one line of the terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace circuit::cli {

/// Shows nothing unless standard error is a terminal. The line disappears with the object.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;  // owns the terminal's last line
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Cheap: draws at most ten times a second.
  void update(const std::string& stage, std::int64_t done, std::int64_t total);
  /// The same for a text of the caller's; `now` draws it even if one was just drawn.
  void show(const std::string& text, bool now);
  /// Clears the line, for a message that stays.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  bool enabled_ = false;
  bool shown_ = false;
  std::string stage_;
  Clock::time_point started_, drawn_;
};

/// `attribute  1,200 of 6,000 (20 %), 400 a second, 12 s left`.
std::string progress_text(const std::string& stage, std::int64_t done, std::int64_t total,
                          double seconds);

}  // namespace circuit::cli
