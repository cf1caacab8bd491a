// A graph with heads and score tables, and what reading its viewer file says once it is spoilt.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "export/viewer/viewer_json.h"
#include "export/viewer/viewer_json_read.h"
#include "graph/prune.h"
#include "tests/support/small_graph.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit::testing {

/// The graph worked out by hand, with the heads of three edges (9→1, 0→3, 3→11), tables of the
/// scores of 1.4 and 1.0 for position 1 and key 0, and a contrast of keys.
inline AttributionGraph viewer_attention_graph() {
  AttributionGraph graph = small_graph();
  AttentionDetails details;
  details.edge_heads.add(1, std::vector<EdgePart>{{EdgeWay::kHead, {0, 3}, 10}});
  details.edge_heads.add(3, std::vector<EdgePart>{{EdgeWay::kHead, {1, 4}, 12},
                                                  {EdgeWay::kOtherHeads, {}, -1.5F},
                                                  {EdgeWay::kHead, {1, 0}, -0.5F}});
  details.edge_heads.add(7, std::vector<EdgePart>{{EdgeWay::kResidual, {}, 10}});
  ScoreTable weak{.cell = {.head = {1, 0}, .query = 1, .key = 0}, .score = -0.5, .sum = -0.5};
  ScoreTable strong{.cell = {.head = {1, 4}, .query = 1, .key = 0},
                    .score = 2,
                    .sum = 2,
                    .absolute_sum = 4,
                    .weight = 0.75,
                    .n_query_sources = 6,
                    .n_key_sources = 5,
                    .key_positions = {2, 0},
                    .key_bias = 0.5};
  strong.terms = {{Node{NodeKind::kFeature, 0, 1, 2}, Node{NodeKind::kToken, -1, 0, 0}, 1.5},
                  {std::nullopt, Node{NodeKind::kError, 0, 0, -1}, -1}};
  strong.query_marginals = {{Node{NodeKind::kFeature, 0, 1, 77}, 0.5}, {std::nullopt, 0.25}};
  strong.key_marginals = {{Node{NodeKind::kFeature, 0, 0, 1}, 0.125}, {std::nullopt, 0.5}};
  ScoreTable contrast = strong;
  contrast.cell.other_key = 1;
  details.tables = {contrast, weak, strong};
  details.carried = {0.5, 0.25, 0.125};
  graph.set_attention(std::move(details));
  return graph;
}

inline PrunedGraph all_that_matters(const AttributionGraph& graph) {
  return prune(graph, {.node_threshold = 1, .edge_threshold = 1});
}

/// Without `[read_viewer_json] PATH: `.
inline std::string error_after(const std::function<void(nlohmann::ordered_json&)>& spoil) {
  const AttributionGraph graph = viewer_attention_graph();
  auto json = nlohmann::ordered_json::parse(viewer_json(graph, all_that_matters(graph)));
  spoil(json);
  const TempDir folder;
  write_text(folder / "g.json", json.dump());
  const std::string message =
      message_of<std::runtime_error>([&] { read_viewer_json(folder / "g.json"); });
  const std::string prefix = "[read_viewer_json] " + (folder / "g.json").string() + ": ";
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

}  // namespace circuit::testing
