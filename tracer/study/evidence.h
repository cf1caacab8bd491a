// Rates and means with their 95 % intervals.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace circuit {

/// Successes of trials with the Wilson interval.
struct Rate {
  double value = 0, low = 0, high = 0;
};
Rate wilson(double successes, double trials);

/// A mean with the interval of 10,000 bootstrap resamples of whole clusters, seed 0.
struct Mean {
  double value = 0, low = 0, high = 0;
};
Mean cluster_mean(const std::vector<double>& values, const std::vector<std::string>& clusters);

}  // namespace circuit
