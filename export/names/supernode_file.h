// The supernode file (docs/formats.md): groups of nodes by name, kept beside the graphs of one set
// of transcoders.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "export/names/view_state.h"
#include "graph/attribution_graph.h"
#include "graph/supernodes.h"

namespace circuit {

struct SupernodeFile {
  std::string transcoders_hash;
  /// Node ids as written; their position may be `*`.
  std::vector<ViewState::Supernode> supernodes;

  friend bool operator==(const SupernodeFile&, const SupernodeFile&) = default;
};

/// Throws std::runtime_error `[read_supernodes] FILE: …` for what is no supernode file of version
/// 1: other JSON, ids that are none, names that are empty or come twice, text that is not UTF-8.
SupernodeFile read_supernode_file(const std::filesystem::path& path);

/// The file's text, one group a line. Throws std::invalid_argument for text that is not UTF-8.
std::string supernode_file_text(const SupernodeFile& file);

/// Groups of a graph, and those of a file that have no node in it.
struct FoundSupernodes {
  std::vector<Supernode> supernodes;
  std::vector<std::string> absent;  ///< names
};

/// What groups that are given by ids mean in a graph. An id without `*` must name a kept node, one
/// with it stands for all kept nodes that fit, perhaps none; a node that its group names twice
/// counts once. Throws std::runtime_error `[supernodes] …` for a node that is not there, not kept,
/// or in two groups.
FoundSupernodes find_supernodes(const AttributionGraph& graph,
                                std::span<const std::uint8_t> node_mask,
                                std::span<const ViewState::Supernode> supernodes);

/// The groups with the ids of their members, as a file or a viewer has them.
std::vector<ViewState::Supernode> name_members(const AttributionGraph& graph,
                                               std::span<const Supernode> supernodes);

}  // namespace circuit
