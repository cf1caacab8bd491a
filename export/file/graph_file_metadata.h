// The strings in the header of a graph file, to and from values. Private to graph_file.cpp and to
// viewer JSON, which holds the same strings.
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

/// In a graph file a text that is not UTF-8 throws std::invalid_argument `[write_graph_file] …`. In
/// a viewer's file its broken bytes become `\xNN`; it holds kept nodes alone, so its setting
/// `compact` is there.
enum class HeaderOf { kGraphFile, kViewerFile };

StringMap graph_file_metadata(const AttributionGraph& graph, const PrunedGraph* pruned,
                              const Scores& scores, HeaderOf holder = HeaderOf::kGraphFile);

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
