#include "export/viewer/viewer_details.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "export/file/graph_file_metadata.h"
#include "export/text/json_text.h"
#include "export/viewer/viewer_score_tables.h"

namespace circuit {
namespace {

void append_key(std::string_view key, std::string& out) {
  if (out.back() != '{') out += ',';
  append_json_string(key, out);
  out += ':';
}

template <typename Items, typename Number>
void append_numbers(std::string_view key, const Items& items, Number number, std::string& out) {
  append_key(key, out);
  out += '[';
  for (const auto& item : items) {
    if (out.back() != '[') out += ',';
    append_json_number(number(item), out);
  }
  out += ']';
}

/// As in a graph file: only where a target needs them.
void append_target_places(const AttributionGraph& graph, std::string& out) {
  const std::vector<Target>& targets = graph.nodes().targets;
  const auto last = static_cast<std::int32_t>(graph.n_positions()) - 1;
  if (std::ranges::any_of(targets, [&](const Target& t) { return t.position != last; })) {
    append_numbers(
        "target_positions", targets,
        [](const Target& target) { return std::int64_t{target.position}; }, out);
  }
  if (std::ranges::none_of(targets,
                           [](const Target& t) { return t.kind == TargetKind::kFeature; })) {
    return;
  }
  append_numbers(
      "target_layers", targets, [](const Target& target) { return std::int64_t{target.layer}; },
      out);
  append_numbers(
      "target_features", targets, [](const Target& target) { return std::int64_t{target.feature}; },
      out);
}

}  // namespace

void append_viewer_details(const AttributionGraph& graph, const PrunedGraph& pruned,
                           const Scores& scores, std::string& out) {
  out += '{';
  append_key("metadata", out);
  out += '{';
  for (const auto& [key, value] :
       graph_file_metadata(graph, &pruned, scores, HeaderOf::kViewerFile)) {
    append_key(key, out);
    append_json_string(value, out);
  }
  out += '}';
  const GraphNodes& nodes = graph.nodes();
  append_numbers(
      "input_ids", nodes.input_ids, [](std::int64_t id) { return id; }, out);
  append_numbers(
      "target_token_ids", nodes.targets,
      [](const Target& target) { return std::int64_t{target.token_id}; }, out);
  append_numbers(
      "target_weights", nodes.targets, [](const Target& target) { return target.probability; },
      out);
  append_numbers(
      "target_kinds", nodes.targets,
      [](const Target& target) { return static_cast<std::int64_t>(target.kind); }, out);
  append_target_places(graph, out);
  if (!graph.attention().tables.empty()) {
    append_key(kScoreTablesKey, out);
    append_score_tables(graph.attention(), out);
  }
  out += '}';
}

}  // namespace circuit
