// What a graph explains, as tensors of a graph file. Private to graph_file.cpp.
#pragma once

#include <vector>

#include "export/file/graph_file_metadata.h"
#include "export/file/graph_file_tensors.h"
#include "graph/attribution_graph.h"

namespace circuit {

/// What older readers do not know is there only when a target needs it.
void add_targets(const AttributionGraph& graph, GraphFileTensors& tensors);

std::vector<Target> read_targets(const GraphFileReader& reader, const GraphFileMetadata& metadata,
                                 std::size_t n_positions);

}  // namespace circuit
