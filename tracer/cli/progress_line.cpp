#include "tracer/cli/progress_line.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <unistd.h>

#include "tracer/cli/report_table.h"

namespace circuit::cli {
namespace {

constexpr std::chrono::milliseconds kBetweenDrawings{100};

std::string counted(std::int64_t count) {
  return count_text(static_cast<std::size_t>(std::max<std::int64_t>(count, 0)));
}

}  // namespace

std::string progress_text(const std::string& stage, std::int64_t done, std::int64_t total,
                          double seconds) {
  std::string text = stage + "  " + counted(done);
  if (total > 0) {
    text += " of " + counted(total) + " (" + std::to_string(100 * done / total) + " %)";
  }
  if (done <= 0 || seconds <= 0) return text;
  const double rate = static_cast<double>(done) / seconds;
  text += ", " + counted(std::llround(rate)) + " a second";
  if (total > done) {
    text += ", " + counted(std::llround(static_cast<double>(total - done) / rate)) + " s left";
  }
  return text;
}

ProgressLine::ProgressLine(bool quiet) : enabled_(!quiet && ::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() { clear(); }

void ProgressLine::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

void ProgressLine::update(const std::string& stage, std::int64_t done, std::int64_t total) {
  if (!enabled_) return;
  const bool begins = stage != stage_;
  if (begins) {
    stage_ = stage;
    started_ = Clock::now();
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
  show(progress_text(stage, done, total, seconds), begins || done >= total);
}

void ProgressLine::show(const std::string& text, bool now) {
  if (!enabled_ || (!now && Clock::now() - drawn_ < kBetweenDrawings)) return;
  drawn_ = Clock::now();
  shown_ = true;
  std::fprintf(stderr, "\r\033[K%s", text.c_str());
  std::fflush(stderr);
}

}  // namespace circuit::cli
