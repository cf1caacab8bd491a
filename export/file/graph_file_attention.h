// What is known about attention as tensors of a graph file (docs/formats.md, graph file). Private
// to graph_file.cpp.
#pragma once

#include "export/file/graph_file_tensors.h"
#include "graph/attention_details.h"
#include "graph/attribution_graph.h"

namespace circuit {

/// Adds nothing of what is empty.
void add_attention(const AttentionDetails& attention, GraphFileTensors& tensors);

/// Throws std::runtime_error with the tensor's name for what is not of `graph`. Contradictions
/// within a part or a source are left to `check_attention`.
AttentionDetails read_attention(const GraphFileReader& reader, const AttributionGraph& graph);

}  // namespace circuit
