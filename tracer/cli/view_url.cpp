#include "tracer/cli/view_url.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <system_error>

#include "export/names/group_names.h"
#include "export/names/node_names.h"
#include "export/names/slug.h"
#include "export/names/view_nodes.h"
#include "export/viewer/view_address.h"
#include "tracer/cli/graph_input.h"

namespace circuit::cli {
namespace {

/// `7_6861-9` as `7_6861_9`, `L_23-9` as the target's node id.
std::string as_node_id(const AttributionGraph& graph, std::string id) {
  const std::size_t dash = id.rfind('-');
  if (dash == std::string::npos || dash == 0 || id[dash - 1] == '_') return id;
  id[dash] = '_';
  if (id.starts_with("L_")) id.replace(0, 1, std::to_string(graph.n_layers() + 1));
  return id;
}

std::string viewer_model(const AttributionGraph& graph) {
  const Provenance& from = graph.provenance();
  return slug(from.scan.empty() ? from.model_name : from.scan);
}

void add_labels(const AttributionGraph& graph, const std::set<std::size_t>& nodes,
                ViewState& state) {
  for (const std::size_t node : nodes) {
    if (graph.kind(node) != NodeKind::kFeature) continue;
    const Node feature = graph.node(node);
    const auto& labels = graph.provenance().feature_labels;
    const auto label = labels.find({feature.layer, feature.feature});
    if (label == labels.end() || label->second.source == "output tokens") continue;
    state.clerps.emplace_back(name_node(graph, node).node_id, label->second.text);
  }
}

}  // namespace

ViewState read_view(const std::string& address_or_file) {
  std::error_code none;
  if (!std::filesystem::is_regular_file(address_or_file, none)) {
    return parse_view_address(address_or_file);
  }
  return read_viewer_file(address_or_file).options.state;
}

void use_node_ids(const AttributionGraph& graph, ViewState& state) {
  rename_ids(state, [&](const std::string& id) { return as_node_id(graph, id); });
}

FoundSupernodes supernodes_of_view(const AttributionGraph& graph, const PrunedGraph& pruned,
                                   const ViewState& state) {
  std::vector<Supernode> named;  // for names alone
  for (const ViewState::Supernode& group : state.supernodes) {
    named.push_back({.name = group.name.empty() ? "group" : group.name, .nodes = {}});
  }
  make_unique(named);
  std::vector<ViewState::Supernode> groups = state.supernodes;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i].name = named[i].name;
  }
  return find_supernodes(graph, pruned.node_mask, groups);
}

std::string view_url(const AttributionGraph& graph, const PrunedGraph& pruned,
                     std::span<const Supernode> supernodes, std::string page,
                     const std::string& slug) {
  ViewState state{.supernodes = name_members(graph, supernodes)};
  std::set<std::size_t> pinned;
  for (const Supernode& supernode : supernodes) {
    pinned.insert(supernode.nodes.begin(), supernode.nodes.end());
  }
  for (std::size_t node = graph.first_target(); node < graph.n_nodes(); ++node) {
    if (pruned.node_mask[node] != 0) pinned.insert(node);
  }
  for (const std::size_t node : pinned) state.pinned_ids.push_back(name_node(graph, node).node_id);
  add_labels(graph, pinned, state);
  if (const std::size_t at = page.find("MODEL"); at != std::string::npos) {
    page.replace(at, 5, viewer_model(graph));
  }
  return view_address(state, page, slug);
}

FoundSupernodes read_supernodes_for(const std::string& operation, const AttributionGraph& graph,
                                    const PrunedGraph& pruned, const std::filesystem::path& path,
                                    bool force) {
  const SupernodeFile file = read_supernode_file(path);
  const std::string& expected = graph.provenance().transcoders_hash;
  if (!force && file.transcoders_hash != expected) {
    throw std::runtime_error("[" + operation + "] " + path.string() +
                             ": made with transcoders of hash '" + file.transcoders_hash +
                             "', the graph's are '" + expected +
                             "', expected the same (--force takes it anyway)");
  }
  return find_supernodes(graph, pruned.node_mask, file.supernodes);
}

}  // namespace circuit::cli
