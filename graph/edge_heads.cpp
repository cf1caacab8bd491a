#include "graph/edge_heads.h"

#include <algorithm>

namespace circuit {

std::span<const EdgePart> EdgeHeads::find(std::size_t edge) const {
  const auto found = std::ranges::lower_bound(edges, edge);
  if (found == edges.end() || *found != edge) return {};
  return parts_of(static_cast<std::size_t>(found - edges.begin()));
}

}  // namespace circuit
