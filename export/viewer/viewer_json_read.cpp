#include "export/viewer/viewer_json_read.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "export/file/graph_file_metadata.h"
#include "export/names/node_names.h"
#include "export/names/view_nodes.h"
#include "export/text/output_text.h"
#include "export/viewer/viewer_document.h"
#include "export/viewer/viewer_links.h"
#include "export/viewer/viewer_nodes.h"
#include "export/viewer/viewer_oddities.h"
#include "export/viewer/viewer_settings.h"
#include "graph/influence.h"

namespace circuit {
namespace {

constexpr std::string_view kLabelSource = "viewer file";

std::optional<GraphFileMetadata> read_header(const ViewerDocument& document) {
  if (!document.details) return std::nullopt;
  try {
    return parse_graph_file_metadata(document.details->metadata);
  } catch (const std::runtime_error& error) {  // `metadata n_layers: is …`
    throw std::runtime_error(std::string("circuit: ") + error.what());
  }
}

Provenance foreign_provenance(const ViewerMetadata& metadata) {
  Provenance provenance;
  provenance.prompt = metadata.prompt;
  provenance.scan = metadata.scan;
  provenance.tool_version = metadata.generator_version;
  for (const auto& [key, value] : metadata.settings) {
    provenance.settings[setting_of_viewers(key)] = value;
  }
  return provenance;
}

/// What a node is called in the file counts, unless it is what we would call it.
void read_labels(const ViewerDocument& document, const ViewerNodes& nodes, Provenance& provenance) {
  for (std::size_t i = 0; i < document.nodes.size(); ++i) {
    const FileNode& node = nodes.file_nodes[i];
    const std::string_view clerp = document.nodes[i].clerp;
    if (node.index < 0 || node.what.kind != NodeKind::kFeature || clerp.empty()) continue;
    FeatureLabel& label = provenance.feature_labels[{node.what.layer, node.what.feature}];
    if (one_line(label.text) == clerp) continue;
    label = {std::string(clerp), std::string(kLabelSource)};
  }
}

double share_or_one(std::optional<double> value) {
  return value && *value >= 0 && *value <= 1 ? *value : 1.0;
}

/// Cumulative influence as the file says; where it says none at all, of the graph as it is.
void read_influence(const ViewerDocument& document, const ViewerNodes& nodes,
                    const AttributionGraph& graph, std::vector<float>& influence,
                    ViewerOddities& oddities) {
  std::size_t known = 0;
  influence.assign(graph.n_nodes(), 1.0F);
  for (std::size_t i = 0; i < document.nodes.size(); ++i) {
    const FileNode& node = nodes.file_nodes[i];
    if (node.index < 0 || node.what.kind == NodeKind::kTarget) continue;
    const auto value = static_cast<float>(document.nodes[i].influence);
    if (std::isfinite(value)) {
      influence[static_cast<std::size_t>(node.index)] = value;
      ++known;
    } else {
      ++oddities.without_influence;
    }
  }
  oddities.influence_computed = known == 0 && oddities.without_influence > 0;
  if (oddities.influence_computed) influence = cumulative_influence(compute_influence(graph));
}

PrunedGraph read_pruned(const ViewerDocument& document, const ViewerNodes& nodes,
                        const GraphFileMetadata* header, const AttributionGraph& graph,
                        ViewerOddities& oddities) {
  PrunedGraph pruned;
  pruned.node_mask.assign(graph.n_nodes(), 0);
  pruned.edge_mask.assign(graph.edges().edges(), 1);
  for (const FileNode& node : nodes.file_nodes) {
    if (node.index >= 0) pruned.node_mask[static_cast<std::size_t>(node.index)] = 1;
  }
  read_influence(document, nodes, graph, pruned.node_cumulative_influence, oddities);
  if (header != nullptr && header->pruning) {
    pruned.options = *header->pruning;
  } else {
    pruned.options.node_threshold = share_or_one(document.metadata.node_threshold);
    pruned.options.edge_threshold = share_or_one(document.metadata.edge_threshold);
  }
  return pruned;
}

using NamedNodes = std::unordered_map<std::string_view, std::size_t>;

/// The graph's nodes under the file's ids. Of an id that two nodes share it is the feature, a
/// `jsNodeId` of several is none's.
NamedNodes name_file_nodes(const ViewerDocument& document, const ViewerNodes& nodes,
                           const AttributionGraph& graph) {
  NamedNodes named;
  if (document.state == ViewState{} && document.link_heads.empty()) return named;  // of no use
  std::unordered_map<std::string_view, std::optional<std::size_t>> named_by_js;
  for (std::size_t i = 0; i < document.nodes.size(); ++i) {
    if (nodes.file_nodes[i].index < 0) continue;
    const auto node = static_cast<std::size_t>(nodes.file_nodes[i].index);
    const auto [id, is_new] = named.emplace(document.nodes[i].id, node);
    if (!is_new && graph.kind(id->second) != NodeKind::kFeature) id->second = node;
    const auto [js_id, is_new_js] = named_by_js.emplace(document.nodes[i].js_id, node);
    if (!is_new_js && js_id->second != node) js_id->second.reset();
  }
  for (const auto& [id, node] : named_by_js) {
    if (node) named.emplace(id, *node);
  }
  return named;
}

/// The state with our ids in place of the file's.
ViewState read_state(const ViewerDocument& document, const NamedNodes& named,
                     const AttributionGraph& graph, ViewerOddities& oddities) {
  ViewState state = document.state;
  oddities.unknown_ids =
      rename_ids(state, [&](const std::string& id) -> std::optional<std::string> {
        const auto found = named.find(id);
        if (found == named.end()) return std::nullopt;
        return name_node(graph, found->second).node_id;
      });
  return state;
}

/// By which heads the graph's edges run. Somebody may have put links in another order.
EdgeHeads read_edge_heads(const ViewerDocument& document, const NamedNodes& named,
                          const AttributionGraph& graph) {
  std::map<std::size_t, std::span<const EdgePart>> parts;
  for (std::size_t i = 0; i < document.link_heads.edges.size(); ++i) {
    const ViewerLink& link = document.links[document.link_heads.edges[i]];
    const auto source = named.find(link.source), target = named.find(link.target);
    if (source == named.end() || target == named.end()) continue;
    const auto edge = graph.edges().find(target->second, source->second);
    if (edge) parts.emplace(*edge, document.link_heads.parts_of(i));
  }
  EdgeHeads heads;
  for (const auto& [edge, of_edge] : parts) heads.add(edge, of_edge);
  return heads;
}

void read_attention(ViewerDocument& document, const NamedNodes& named, AttributionGraph& graph) {
  AttentionDetails attention{
      .edge_heads = read_edge_heads(document, named, graph), .tables = {}, .carried = {}};
  if (document.details) {
    attention.tables = std::move(document.details->scores.tables);
    attention.carried = std::move(document.details->scores.carried);
  }
  graph.set_attention(std::move(attention));
}

ViewerOptions read_options(ViewerDocument& document, ViewState state) {
  ViewerMetadata& metadata = document.metadata;
  return {.slug = std::move(metadata.slug),
          .scan = std::move(metadata.scan),
          .transcoder_list = std::move(metadata.transcoder_list),
          .title_prefix = std::move(metadata.title_prefix),
          .neuronpedia_source_set = std::move(metadata.neuronpedia_source_set),
          .feature_json_base_url = std::move(metadata.feature_json_base_url),
          .scores = {.replacement = metadata.replacement, .completeness = metadata.completeness},
          .state = std::move(state)};
}

ViewerFile read(const std::filesystem::path& path) {
  ViewerDocument document = read_viewer_document(path);
  const std::optional<GraphFileMetadata> header = read_header(document);
  const GraphFileMetadata* const own = header ? &*header : nullptr;
  ViewerOddities oddities;
  oddities.not_numbers = document.not_numbers;
  oddities.qk_results = document.qk_results;
  ViewerNodes nodes = read_viewer_nodes(document, own, oddities);
  EdgeMatrix edges = read_viewer_links(document, nodes, nodes.nodes.n_nodes(), oddities);
  Provenance provenance = header ? header->provenance : foreign_provenance(document.metadata);
  provenance.settings[kCompactSetting] = "true";
  read_labels(document, nodes, provenance);
  AttributionGraph graph(std::move(nodes.nodes), std::move(edges), {}, {}, std::move(provenance));
  PrunedGraph pruned = read_pruned(document, nodes, own, graph, oddities);
  const NamedNodes named = name_file_nodes(document, nodes, graph);
  read_attention(document, named, graph);
  ViewState state = read_state(document, named, graph, oddities);
  apply_view_labels(state, graph);
  ViewerOptions options = read_options(document, std::move(state));
  const Scores scores = options.scores;
  return {.content = {std::move(graph), std::move(pruned), scores},
          .options = std::move(options),
          .warnings = oddities.sentences()};
}

}  // namespace

ViewerFile read_viewer_json(const std::filesystem::path& path) {
  try {
    return read(path);
  } catch (const std::invalid_argument& error) {  // from AttributionGraph
    throw std::runtime_error("[read_viewer_json] " + path.string() + ": " + error.what());
  } catch (const std::runtime_error& error) {
    throw std::runtime_error("[read_viewer_json] " + path.string() + ": " + error.what());
  }
}

}  // namespace circuit
