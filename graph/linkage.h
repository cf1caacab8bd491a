// Average-linkage clustering of items of which only some pairs are alike.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace circuit {

/// How alike two items are; `first` < `second`, each pair once.
struct AlikePair {
  std::size_t first = 0;
  std::size_t second = 0;
  double similarity = 0;
};

/// Merges the two most alike clusters as long as the mean similarity between their members is at
/// least `least` (> 0); pairs that are not listed count as 0. Ties: the cluster with the smallest
/// first member, then the other's. Returns all clusters, members and clusters ascending (by first
/// member). O(pairs log² pairs): dense matrices are not needed.
/// Throws std::invalid_argument `[cluster] …` for a pair that is out of range or not finite, or a
/// threshold that is not positive.
std::vector<std::vector<std::size_t>> cluster(std::size_t n_items, std::span<const AlikePair> pairs,
                                              double least);

}  // namespace circuit
