// What the nodes of a viewer file are: the dialects of its writers (docs/formats.md, viewer JSON)
// told apart. Private to viewer_json_read.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "export/file/graph_file_metadata.h"
#include "export/viewer/viewer_document.h"
#include "export/viewer/viewer_oddities.h"
#include "graph/attribution_graph.h"

namespace circuit {

/// A node of the file: what it stands for, and its index in the graph; -1 when it is left out.
struct FileNode {
  Node what;
  std::int32_t index = -1;
};

struct ViewerNodes {
  GraphNodes nodes;
  std::vector<FileNode> file_nodes;  ///< in the order of the file
};

/// `header` is that of our own files, null for others. Throws std::runtime_error with the place,
/// `nodes[3].layer: is 900, expected …`.
ViewerNodes read_viewer_nodes(const ViewerDocument& document, const GraphFileMetadata* header,
                              ViewerOddities& oddities);

}  // namespace circuit
