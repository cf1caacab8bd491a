// What of one edge each head brings, reduced to the parts that are worth listing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/edge_heads.h"

namespace circuit {

/// Parts that are listed of an edge: the largest ones, until they make this share of its Σ|parts| …
inline constexpr double kListedShare = 0.95;
/// … and at most so many heads.
inline constexpr std::size_t kListedHeads = 16;

struct HeadShare {
  Head head;
  double weight = 0;
};

/// One kept edge with what was found out about it.
struct DividedEdge {
  std::size_t edge = 0;    ///< of the graph
  std::size_t target = 0;  ///< node
  std::vector<EdgePart> parts;
  std::vector<HeadShare> straight;  ///< the largest parts that pass one head and no other
};

/// `last` [layers, n_heads]: what each head brings as the last one, layers from `first_layer` on.
/// Parts until they make kListedShare of Σ|parts|, at most kListedHeads of them heads; the rest as
/// one part. Largest first, ties by head.
std::vector<EdgePart> list_parts(std::span<const double> last, std::int64_t first_layer,
                                 std::int64_t n_heads, double residual);

/// The kListedHeads largest of [layers, n_heads], without zeros.
std::vector<HeadShare> largest_shares(std::span<const double> values, std::int64_t first_layer,
                                      std::int64_t n_heads);

}  // namespace circuit
