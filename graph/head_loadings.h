// How one edge runs through the attention heads between its ends (docs/method.md, heads of an
// edge).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/head.h"

namespace circuit {

/// Heads in the order in which they are passed, from the source to the target.
struct HeadSequence {
  std::vector<Head> heads;
  double weight = 0;  ///< what passes exactly these heads and, between them, the residual stream
};

/// All values are signed parts of the edge, in its unit.
struct HeadLoadings {
  double edge = 0;          ///< recomputed; the sum of `residual` and `last`, of `by_hops`, …
  double stored = 0;        ///< what the graph has, as f32
  double absolute_sum = 0;  ///< |residual| + Σ|last|
  std::int32_t first_layer = 0;  ///< of attention that lies between the ends
  std::int32_t n_layers = 0;     ///< how many layers of attention lie between
  std::int32_t n_heads = 0;      ///< of a layer
  double residual = 0;           ///< through no head at all
  /// [n_layers, n_heads]: what passes the head, whatever it passes before and after …
  std::vector<double> through;
  /// … [n_layers] and what passes the layer beside its attention: past + Σ through = edge.
  std::vector<double> past;
  /// [n_layers, n_heads]: what passes the head last. residual + Σ last = edge.
  std::vector<double> last;
  /// [n_layers, n_heads]: what passes this head and no other.
  std::vector<double> alone;
  std::vector<double> by_hops;  ///< [n_layers + 1] through 0, 1, … heads
  /// The strongest found, by magnitude.
  std::vector<HeadSequence> sequences;
};

}  // namespace circuit
