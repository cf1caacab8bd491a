// What `group` prints: its groups with members, influence and strongest neighbours.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/prune.h"
#include "graph/scores.h"
#include "graph/supernodes.h"

namespace circuit::cli {

struct GroupResult {
  GroupedGraph grouped;
  std::vector<std::string> absent;  ///< groups of a file without a node in this graph
  double total_influence = 0;       ///< of all nodes of the graph
  /// Both on the ungrouped graph; nothing for a compact file, of which they cannot be computed.
  Scores pruned, groups_alone;
  std::vector<std::filesystem::path> files;
};

std::string group_report(const AttributionGraph& graph, const PrunedGraph& pruned,
                         const GroupResult& result);

/// One object: `groups` (`name`, `nodes`, `influence`, `influence_share`, `inner_magnitude`,
/// `inputs`, `outputs`), `absent`, `cyclic`, `pruned`, `groups_alone`, `nodes`, `edges`, `files`.
std::string group_json(const AttributionGraph& graph, const PrunedGraph& pruned,
                       const GroupResult& result);

}  // namespace circuit::cli
