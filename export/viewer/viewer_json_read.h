// Reads back the graph JSON of viewers (docs/formats.md, viewer JSON): ours, circuit-tracer's and
// Neuronpedia's. Such a file holds what pruning kept, so the graph is compact.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "export/file/graph_file.h"
#include "export/viewer/viewer_json.h"

namespace circuit {

struct ViewerFile {
  /// The graph has the setting `compact`, `pruned` is there, and scores are those that the file
  /// names. Nodes that the file does not have (errors, tokens) have no edges and are not kept.
  GraphFile content;
  /// As for `viewer_json`: names, where features lie, scores, pins and supernodes. Ids are those of
  /// the graph, whatever the file calls its nodes; labels of single nodes are the features' too.
  ViewerOptions options;
  /// What the file had that a graph cannot hold, with counts; one sentence each.
  std::vector<std::string> warnings;
};

/// Of a file that `viewer_json` wrote, everything that it was given of kept nodes: written again,
/// it is the same text. Throws std::runtime_error `[read_viewer_json] PATH: nodes[3].layer: is
/// true, expected …`.
ViewerFile read_viewer_json(const std::filesystem::path& path);

}  // namespace circuit
