#include "graph/partition_quality.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

namespace circuit {
namespace {

void require_same(const char* operation, std::size_t a, std::size_t b) {
  if (a == b) return;
  throw std::invalid_argument("[" + std::string(operation) + "] lengths " + std::to_string(a) +
                              " and " + std::to_string(b) + ", expected equal ones");
}

double pairs_of(std::size_t n) { return static_cast<double>(n) * static_cast<double>(n - 1) / 2; }

template <typename Counts>
double sum_of_pairs(const Counts& counts) {
  double sum = 0;
  for (const auto& [key, count] : counts) sum += pairs_of(count);
  return sum;
}

/// A whole number below `n`; std::uniform_int_distribution is another on every platform.
std::size_t draw(std::mt19937_64& random, std::size_t n) { return random() % n; }

struct Sum {
  double sum = 0;
  std::size_t count = 0;
};

}  // namespace

std::optional<double> adjusted_rand_index(std::span<const std::size_t> a,
                                          std::span<const std::size_t> b) {
  require_same("adjusted_rand_index", a.size(), b.size());
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> both;
  std::map<std::size_t, std::size_t> of_a, of_b;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ++both[{a[i], b[i]}];
    ++of_a[a[i]];
    ++of_b[b[i]];
  }
  const double together = sum_of_pairs(both), in_a = sum_of_pairs(of_a), in_b = sum_of_pairs(of_b);
  const double all = a.empty() ? 0 : pairs_of(a.size());
  const double expected = all > 0 ? in_a * in_b / all : 0;
  const double most = (in_a + in_b) / 2;
  if (most == expected) return std::nullopt;
  return (together - expected) / (most - expected);
}

EffectAgreement::EffectAgreement(std::span<const float> effects,
                                 std::span<const std::int32_t> layers)
    : layers_(layers.begin(), layers.end()), cosines_(layers.size() * layers.size(), 0.0) {
  const std::size_t n = layers.size(), length = n == 0 ? 0 : effects.size() / n;
  require_same("EffectAgreement", effects.size(), n * length);
  const auto product = [&](std::size_t i, std::size_t j) {
    double sum = 0;
    for (std::size_t k = 0; k < length; ++k) {
      sum += static_cast<double>(effects[i * length + k]) * effects[j * length + k];
    }
    return sum;
  };
  std::vector<double> norms(n);
  for (std::size_t i = 0; i < n; ++i) norms[i] = std::sqrt(product(i, i));
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const double scale = norms[i] * norms[j];
      cosines_[i * n + j] = cosines_[j * n + i] = scale > 0 ? product(i, j) / scale : 0.0;
    }
  }
}

std::optional<double> EffectAgreement::operator()(std::span<const std::size_t> parts) const {
  require_same("EffectAgreement", parts.size(), layers_.size());
  std::map<std::pair<std::int32_t, std::int32_t>, std::pair<Sum, Sum>> by_layers;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      auto& [within, between] = by_layers[std::minmax(layers_[i], layers_[j])];
      Sum& sum = parts[i] == parts[j] ? within : between;
      sum.sum += cosines_[i * parts.size() + j];
      ++sum.count;
    }
  }
  double difference = 0;
  std::size_t pairs = 0;
  for (const auto& [key, sums] : by_layers) {
    const auto& [within, between] = sums;
    if (within.count == 0 || between.count == 0) continue;
    const double mean = between.sum / static_cast<double>(between.count);
    difference += within.sum - mean * static_cast<double>(within.count);
    pairs += within.count;
  }
  if (pairs == 0) return std::nullopt;
  return difference / static_cast<double>(pairs);
}

std::vector<std::size_t> shuffled_parts(std::span<const std::size_t> parts,
                                        std::span<const std::int32_t> layers,
                                        std::mt19937_64& random) {
  require_same("shuffled_parts", parts.size(), layers.size());
  std::map<std::int32_t, std::vector<std::size_t>> items;
  for (std::size_t i = 0; i < layers.size(); ++i) items[layers[i]].push_back(i);
  std::vector<std::size_t> shuffled(parts.begin(), parts.end());
  for (const auto& [layer, indices] : items) {
    for (std::size_t i = indices.size(); i > 1; --i) {
      std::swap(shuffled[indices[i - 1]], shuffled[indices[draw(random, i)]]);
    }
  }
  return shuffled;
}

std::optional<BootstrapMean> bootstrap_mean(std::span<const double> values,
                                            std::span<const std::size_t> clusters,
                                            std::size_t resamples, std::uint64_t seed) {
  require_same("bootstrap_mean", values.size(), clusters.size());
  if (values.empty() || resamples == 0) return std::nullopt;
  std::map<std::size_t, Sum> by_cluster;
  Sum all;
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (Sum* const sum : {&by_cluster[clusters[i]], &all}) {
      sum->sum += values[i];
      ++sum->count;
    }
  }
  std::vector<Sum> sums;
  for (const auto& [cluster, sum] : by_cluster) sums.push_back(sum);
  std::mt19937_64 random(seed);
  std::vector<double> means(resamples);
  for (double& mean : means) {
    Sum drawn;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const Sum& sum = sums[draw(random, sums.size())];
      drawn.sum += sum.sum;
      drawn.count += sum.count;
    }
    mean = drawn.sum / static_cast<double>(drawn.count);
  }
  std::ranges::sort(means);
  const auto quantile = [&](double share) {
    return means[static_cast<std::size_t>(share * static_cast<double>(resamples - 1) + 0.5)];
  };
  return BootstrapMean{.mean = all.sum / static_cast<double>(all.count),
                       .low = quantile(0.025),
                       .high = quantile(0.975),
                       .values = values.size(),
                       .clusters = sums.size()};
}

}  // namespace circuit
