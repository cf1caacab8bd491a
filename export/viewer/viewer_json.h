// The graph JSON that Neuronpedia, the Anthropic frontend and circuit-tracer's frontend open
// (docs/formats.md, viewer JSON). viewer_json_read.h reads it back.
#pragma once

#include <string>
#include <vector>

#include "export/names/view_state.h"
#include "graph/attribution_graph.h"
#include "graph/prune.h"
#include "graph/scores.h"

namespace circuit {

struct ViewerOptions {
  /// The graph's id: its file name without `.json`. Empty = a slug of the prompt.
  std::string slug{};
  /// What viewers call the model. Empty = the transcoders' scan, else a slug of the model's name.
  std::string scan{};
  /// One scan per layer, for circuit-tracer's frontend when scan begins with `custom-`.
  std::vector<std::string> transcoder_list{};
  /// Shown before the prompt in lists of graphs.
  std::string title_prefix{};
  /// Where Neuronpedia holds the features, such as `gemmascope-transcoder-16k`.
  std::string neuronpedia_source_set{};
  /// Web address of feature files `{url}/{feature}.json`. Leaves `schema_version` out, because with
  /// it Neuronpedia would look into its own database instead.
  std::string feature_json_base_url{};
  /// Of the unpruned graph; left out of the file when empty.
  Scores scores{};
  /// Pins, groups and labels of single nodes.
  ViewState state{};
};

/// The file's text, one node or link a line. Kept nodes and the kept edges between them, and under
/// the key `circuit` what viewers have no place for; numbers finite; the same bytes for the same
/// inputs. Viewers take up to 100 MiB: 10^6 edges.
/// Throws std::invalid_argument when the masks do not fit the graph.
std::string viewer_json(const AttributionGraph& graph, const PrunedGraph& pruned,
                        const ViewerOptions& options = {});

}  // namespace circuit
