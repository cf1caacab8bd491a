// How edges divide among the attention heads that they pass (docs/method.md, heads of an edge).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "graph/head.h"

namespace circuit {

/// What of an edge arrives by one head, and that is the last one on its way; in the residual stream
/// alone, through no head; or by all the heads that are not listed.
enum class EdgeWay : std::uint8_t { kHead, kResidual, kOtherHeads };

/// The signed parts of an edge add up to its weight.
struct EdgePart {
  EdgeWay way = EdgeWay::kHead;
  Head head;  ///< Of kHead; else of no meaning.
  float weight = 0;
};

/// The parts of some edges of a graph, by magnitude, the largest first.
struct EdgeHeads {
  std::vector<std::size_t> edges;    ///< [e] ascending indices into the edges of the graph
  std::vector<std::size_t> offsets;  ///< [e + 1] into `parts`; empty without edges
  std::vector<EdgePart> parts;

  bool empty() const { return edges.empty(); }
  std::span<const EdgePart> parts_of(std::size_t i) const {
    return std::span(parts).subspan(offsets[i], offsets[i + 1] - offsets[i]);
  }
  /// Puts the parts of an edge behind those of the edges before it.
  void add(std::size_t edge, std::span<const EdgePart> parts_of_edge);
  /// The parts of edge `edge` of the graph; empty when it is not among `edges`.
  std::span<const EdgePart> find(std::size_t edge) const;
};

/// The first of the largest parts, by magnitude, that arrive by a single head; null without one.
const EdgePart* strongest_head(std::span<const EdgePart> parts);

}  // namespace circuit
