// The names of nodes in viewer files, pictures and GraphML (docs/formats.md, viewer JSON).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "graph/attribution_graph.h"

namespace circuit {

/// How viewers know one node. Both ids are unique in a graph and hold only [A-Za-z0-9_-].
struct NodeName {
  std::string node_id;       ///< `7_6861_9`, `7_-1_9`, `E_2329_7`, `28_23_9`
  std::string js_node_id;    ///< `7_6861-9`, `7_-1-9`, `E_2329-7`, `L_23-9`
  std::int64_t feature = 0;  ///< Cantor pair, -1, position, or vocabulary id
  std::string layer;         ///< `7`, `7`, `E`, `28`
  std::int32_t position = 0;
  std::string_view feature_type;
};

NodeName name_node(const AttributionGraph& graph, std::size_t node);
/// The same of a feature, error or token that need not be a node of any graph.
NodeName name_node(const Node& node);

/// (x + y)(x + y + 1) / 2 + y; fits for all x, y >= 0 of 31 bits.
std::int64_t cantor_pair(std::int32_t x, std::int32_t y);

/// The id that stands for a target: its vocabulary id; of any other, the vocabulary size (the
/// setting `vocabulary_size`; without it, one more than the largest id in the graph) plus its
/// index. Throws std::invalid_argument when that setting is not a number.
std::int64_t target_id(const AttributionGraph& graph, std::size_t target_index);
/// The same before there is a graph; `settings` are those of its provenance.
std::int64_t target_id(const GraphNodes& nodes, const std::map<std::string, std::string>& settings,
                       std::size_t target_index);

/// `feature`, `error`, `token`, `target`.
std::string_view kind_name(NodeKind kind);

/// The label of a feature, or "" when it has none.
std::string feature_label(const AttributionGraph& graph, std::int32_t layer, std::int32_t feature);

/// What a target is, on one line: ` grand`, ` grand -  petit`, `L4/436 at 5: big`, a vector's name.
std::string target_text(const AttributionGraph& graph, std::size_t node);

/// The `clerp` of viewers: a feature's label, `Output " grand" (p=0.931)` of a target (`Feature`,
/// `Vector`, and then p is the weight in influence), otherwise "". A `"` or `(p=` inside a token is
/// changed so that viewers find the real ones.
std::string clerp(const AttributionGraph& graph, std::size_t node);

/// One line for people, never empty: `L3/512 at 4: grand`, `error L3 at 4`, `token 4 " petit"`,
/// `Output " grand" (p=0.931)`, of one that is read before the last position ` after 3` behind it.
std::string describe_node(const AttributionGraph& graph, std::size_t node);
/// The same of a feature, error or token on the graph's prompt that need not be one of its nodes.
std::string describe_node(const AttributionGraph& graph, const Node& node);

}  // namespace circuit
