// The measured cases. Each compares its result with another way of getting it before it is timed,
// and throws std::runtime_error when they disagree.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/measure.h"
#include "tests/bench/setup.h"

namespace circuit::bench {

struct CaseOptions {
  int repeat = 3;
  std::int64_t max_features = 0;  ///< of backward, contraction, rows and attribute; 0 = all
  std::int64_t batch_size = 64;   ///< ranking round, with the interval
  std::int64_t update_interval = 4;
  std::int64_t memory_bytes = std::int64_t{8} << 30;
};

/// All cases, or the one named `only`: forward, encode, backward, contraction, rows, attribute.
std::vector<Measurement> run_cases(const Setup& setup, const CaseOptions& options,
                                   const std::string& only);

}  // namespace circuit::bench
