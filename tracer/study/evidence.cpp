#include "tracer/study/evidence.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <utility>

namespace circuit {
namespace {

constexpr double kZ = 1.959963984540054;
constexpr std::size_t kResamples = 10000;

}  // namespace

Rate wilson(double successes, double trials) {
  if (trials == 0) return {};
  const double p = successes / trials, z2 = kZ * kZ / trials;
  const double centre = (p + z2 / 2) / (1 + z2);
  const double half = kZ / (1 + z2) * std::sqrt(p * (1 - p) / trials + z2 / (4 * trials));
  return {p, std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

Mean cluster_mean(const std::vector<double>& values, const std::vector<std::string>& clusters) {
  std::map<std::string, std::pair<double, double>> by_cluster;  // sum, count
  for (std::size_t i = 0; i < values.size(); ++i) {
    by_cluster[clusters[i]].first += values[i];
    by_cluster[clusters[i]].second += 1;
  }
  std::vector<std::pair<double, double>> sums;
  for (const auto& [name, sum] : by_cluster) sums.push_back(sum);
  if (sums.empty()) return {};
  const auto mean = [&](auto&& pick) {
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const auto& [s, c] = sums[pick(i)];
      sum += s;
      count += c;
    }
    return sum / count;
  };
  Mean result{.value = mean([](std::size_t i) { return i; })};
  std::mt19937_64 random(0);
  std::vector<double> resampled(kResamples);
  for (double& one : resampled) one = mean([&](std::size_t) { return random() % sums.size(); });
  std::ranges::sort(resampled);
  result.low = resampled[kResamples * 25 / 1000];
  result.high = resampled[kResamples * 975 / 1000];
  return result;
}

}  // namespace circuit
