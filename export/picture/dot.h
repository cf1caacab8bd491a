// Pictures of a pruned graph through Graphviz: DOT text, SVG, PNG and PDF. The layout is ours
// (picture.h); Graphviz draws it.
#pragma once

#include <string>

#include "export/picture/picture.h"
#include "graph/attribution_graph.h"
#include "graph/prune.h"

namespace circuit {

enum class PictureFormat { kDot, kSvg, kPng, kPdf };

/// The file's bytes. Nodes are named as in viewer files and carry kind, layer, position, feature,
/// activation and influence as attributes; edges carry weight and share. `dot FILE.dot` draws the
/// same picture (`layout=nop2`). One picture at a time per process: others wait.
/// Throws std::invalid_argument when the masks do not fit the graph, std::runtime_error when
/// Graphviz has no plugin for the format or fails.
std::string render(const AttributionGraph& graph, const PrunedGraph& pruned,
                   const PictureOptions& options, PictureFormat format);

}  // namespace circuit
