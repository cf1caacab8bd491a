// The links of a viewer file as compressed rows. Private to viewer_json_read.cpp.
#pragma once

#include <cstddef>

#include "export/viewer/viewer_document.h"
#include "export/viewer/viewer_nodes.h"
#include "export/viewer/viewer_oddities.h"
#include "graph/edge_matrix.h"

namespace circuit {

/// Throws std::runtime_error `links[3]: …` for a link that no attribution graph can have: to a
/// token or error, out of a target, or not upwards. What is merely missing or doubled is counted.
EdgeMatrix read_viewer_links(const ViewerDocument& document, const ViewerNodes& nodes,
                             std::size_t n_nodes, ViewerOddities& oddities);

}  // namespace circuit
