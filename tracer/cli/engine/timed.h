// How long the stages of a trace take.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>

namespace circuit::cli {

/// Runs `stage` and adds under `name` how many seconds it took.
template <typename Stage>
auto timed(std::map<std::string, double>& seconds, const char* name, Stage&& stage) {
  const auto start = std::chrono::steady_clock::now();
  auto result = std::forward<Stage>(stage)();
  seconds[name] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace circuit::cli
