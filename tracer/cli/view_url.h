// `group --from-url` and `export --to-url`: groups of a viewer's address, and back.
#pragma once

#include <filesystem>
#include <string>

#include "export/names/supernode_file.h"
#include "export/names/view_state.h"
#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit::cli {

/// The state of an address, or of a viewer's file when there is one of that name.
ViewState read_view(const std::string& address_or_file);

/// Puts node ids in place of viewers' own (`7_6861-9`).
void use_node_ids(const AttributionGraph& graph, ViewState& state);

/// Groups of a state in `graph`. Names that come twice get ` (2)`. Throws std::runtime_error as
/// `find_supernodes` does.
FoundSupernodes supernodes_of_view(const AttributionGraph& graph, const PrunedGraph& pruned,
                                   const ViewState& state);

/// The address of `page` (MODEL is replaced by the graph's) with these groups, their members and
/// the targets pinned, and the labels of pinned features that somebody gave them.
std::string view_url(const AttributionGraph& graph, const PrunedGraph& pruned,
                     std::span<const Supernode> supernodes, std::string page,
                     const std::string& slug);

/// The file's groups in `graph`. Throws std::runtime_error `[operation] FILE: …` when it was made
/// with other transcoders, unless `force`.
FoundSupernodes read_supernodes_for(const std::string& operation, const AttributionGraph& graph,
                                    const PrunedGraph& pruned, const std::filesystem::path& file,
                                    bool force);

}  // namespace circuit::cli
