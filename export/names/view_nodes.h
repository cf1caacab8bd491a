// What a viewer's state (view_state.h) means in a graph.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "export/names/feature_labels.h"
#include "export/names/view_state.h"
#include "graph/attribution_graph.h"
#include "graph/prune.h"
#include "graph/supernodes.h"

namespace circuit {

/// Puts `rename(id)` in place of every id of pins, groups and labels. Those for which it gives
/// nothing are left out, with groups that lose all members so; returns how many ids they were.
std::size_t rename_ids(ViewState& state,
                       const std::function<std::optional<std::string>(const std::string&)>& rename);

/// Leaves out what is of nodes that are not kept. Throws as `require_masks` does.
void keep_kept(const AttributionGraph& graph, const PrunedGraph& pruned, ViewState& state);

/// The groups of a state that `keep_kept` left, those without members left out. A node in two is of
/// the first; names that come twice get ` (2)`, empty ones are `group`.
std::vector<Supernode> groups_of_view(const AttributionGraph& graph, const ViewState& state);

/// Gives features the labels that a person gave to one of their nodes, in place of those that they
/// have, with the source `viewer`; of several for one feature the last counts. A feature that has
/// this text already keeps its source.
void apply_view_labels(const ViewState& state, AttributionGraph& graph);

}  // namespace circuit
