// How good a grouping is, by data that did not make it: agreement with another partition, and
// whether members act more alike than nodes of other groups do (docs/grouping.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace circuit {

/// Adjusted Rand index of two partitions, given as one label per item: 1 when they are the same, 0
/// expected of random ones with the same sizes. Empty when that is 0/0: both are all one part, or
/// both all single items. Throws std::invalid_argument when lengths differ.
std::optional<double> adjusted_rand_index(std::span<const std::size_t> a,
                                          std::span<const std::size_t> b);

/// Of items with effects [items, length], row-major: the mean cosine of pairs in one part, less
/// that of pairs in different parts which stand in the same two layers. Each pair inside a part
/// counts once, against all pairs between parts with its layers; pairs without such are left out.
/// Cosines with an effect of zeros are 0. Empty when no pair is left.
class EffectAgreement {
 public:
  /// Throws std::invalid_argument when sizes disagree.
  EffectAgreement(std::span<const float> effects, std::span<const std::int32_t> layers);

  std::optional<double> operator()(std::span<const std::size_t> parts) const;

 private:
  std::vector<std::int32_t> layers_;
  std::vector<double> cosines_;  // [items, items]
};

/// The labels dealt anew among the items of each layer: parts keep their sizes in every layer.
/// The same on every platform.
std::vector<std::size_t> shuffled_parts(std::span<const std::size_t> parts,
                                        std::span<const std::int32_t> layers,
                                        std::mt19937_64& random);

/// A mean and the interval that holds it in 95 % of resamples.
struct BootstrapMean {
  double mean = 0, low = 0, high = 0;
  std::size_t values = 0;
  std::size_t clusters = 0;
};

/// The mean of `values`, resampled by cluster (not by value): `resamples` times as many clusters
/// as there are, drawn with replacement. Empty without values. Throws std::invalid_argument when
/// lengths differ.
std::optional<BootstrapMean> bootstrap_mean(std::span<const double> values,
                                            std::span<const std::size_t> clusters,
                                            std::size_t resamples = 10'000, std::uint64_t seed = 0);

}  // namespace circuit
