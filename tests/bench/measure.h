// Repeats a piece of work and says how long it took and what it held.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace circuit::bench {

/// What one case did.
struct Measurement {
  std::string name;
  double median_seconds = 0.0;
  double gflop = 0.0;      ///< counted, not measured
  double gigabytes = 0.0;  ///< read and written at least, counted
  double peak_gib = 0.0;   ///< of the process while it ran
  std::string check;       ///< what was compared before timing, and how well it agreed
};

/// The median of `repeat` runs of `work`.
double median_seconds(int repeat, const std::function<void()>& work);

/// Runs `work` once unmeasured, then `repeat` times.
Measurement measure(std::string name, int repeat, const std::function<void()>& work);

}  // namespace circuit::bench
