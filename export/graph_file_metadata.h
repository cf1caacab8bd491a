// The strings in the header of a graph file, to and from values. Private to graph_file.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/attribution_graph.h"
#include "graph/prune.h"
#include "graph/scores.h"

namespace circuit {

using StringMap = std::map<std::string, std::string>;

/// Throws std::invalid_argument `[write_graph_file] …` for a text that is not UTF-8.
StringMap graph_file_metadata(const AttributionGraph& graph, const PrunedGraph* pruned,
                              const Scores& scores);

/// What the header says, before the tensors are read.
struct GraphFileMetadata {
  std::int32_t n_layers = 0;
  std::vector<std::string> tokens, target_labels, target_displays;
  Provenance provenance;
  Scores scores;
  std::optional<PruneOptions> pruning;  ///< Set when the file says that it is pruned.
};

/// Throws std::runtime_error with text such as `metadata n_layers: is 'x', expected …`, without the
/// name of the file.
GraphFileMetadata parse_graph_file_metadata(const StringMap& metadata);

}  // namespace circuit
