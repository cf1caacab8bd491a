// Finds nodes by their ids in viewer files: the reverse of node_names.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "graph/attribution_graph.h"

namespace circuit {

/// An id's three parts, before a graph says what they mean.
struct NodeId {
  std::optional<std::int32_t> layer;  ///< Nothing = `E`, a token.
  std::int64_t number = 0;  ///< Of a feature, a token or a target; -1 of errors and unknown tokens.
  std::optional<std::int32_t> position;  ///< Nothing = `*`, any.

  friend bool operator==(const NodeId&, const NodeId&) = default;
};

/// Reads `LAYER_FEATURE_POSITION`, `LAYER_-1_POSITION` (error), `E_TOKENID_POSITION`; with
/// `*` for any position. Targets are `{n_layers+1}_ID_POSITION`. Empty when `text` is no such id.
std::optional<NodeId> parse_node_id(std::string_view text);

/// The nodes that `id` names, ascending; none where the graph has no such node. Features that are
/// not selected are no nodes. O(log features), with `*` O(features).
std::vector<std::size_t> find_nodes(const AttributionGraph& graph, const NodeId& id);

}  // namespace circuit
