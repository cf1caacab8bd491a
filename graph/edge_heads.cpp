#include "graph/edge_heads.h"

#include <algorithm>
#include <cmath>

namespace circuit {

void EdgeHeads::add(std::size_t edge, std::span<const EdgePart> parts_of_edge) {
  if (offsets.empty()) offsets.push_back(0);
  edges.push_back(edge);
  parts.insert(parts.end(), parts_of_edge.begin(), parts_of_edge.end());
  offsets.push_back(parts.size());
}

std::span<const EdgePart> EdgeHeads::find(std::size_t edge) const {
  const auto found = std::ranges::lower_bound(edges, edge);
  if (found == edges.end() || *found != edge) return {};
  return parts_of(static_cast<std::size_t>(found - edges.begin()));
}

const EdgePart* strongest_head(std::span<const EdgePart> parts) {
  const EdgePart* strongest = nullptr;
  for (const EdgePart& part : parts) {
    if (part.way != EdgeWay::kHead) continue;
    const bool stronger =
        strongest == nullptr || std::abs(part.weight) > std::abs(strongest->weight);
    if (stronger) strongest = &part;
  }
  return strongest;
}

}  // namespace circuit
