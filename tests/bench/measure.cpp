#include "tests/bench/measure.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <utility>
#include <vector>

#include "tracer/machine/process_memory.h"

namespace circuit::bench {
namespace {

// Makes the kernel forget the high-water mark; where it does not, peaks of later cases include
// those of earlier ones.
void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

}  // namespace

double median_seconds(int repeat, const std::function<void()>& work) {
  std::vector<double> seconds;
  for (int i = 0; i < repeat; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::sort(seconds);
  return seconds[seconds.size() / 2];
}

Measurement measure(std::string name, int repeat, const std::function<void()>& work) {
  work();
  reset_peak_memory();
  Measurement result;
  result.name = std::move(name);
  result.median_seconds = median_seconds(repeat, work);
  result.peak_gib = static_cast<double>(peak_memory_bytes()) / static_cast<double>(1 << 30);
  return result;
}

}  // namespace circuit::bench
