// Names for groups of features that nobody has named.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/node_groups.h"
#include "graph/supernodes.h"

namespace circuit {

/// The groups as supernodes, in order. A group by layer or position is named by these (`L3 at 4
/// " petit"`), then all by what their members' labels share: the parts of labels (between ` · `)
/// that most members have, up to three; without such, the label of the most influential member;
/// without labels `L3/512`. `influence` [n_nodes] orders parts that are equally common. Names
/// that would come twice get ` (2)`, ` (3)`, ….
std::vector<Supernode> name_groups(const AttributionGraph& graph,
                                   std::span<const std::vector<std::size_t>> groups,
                                   const GroupingOptions& options,
                                   std::span<const double> influence);

/// Appends ` (2)`, ` (3)`, … to names that come again.
void make_unique(std::span<Supernode> supernodes);

}  // namespace circuit
