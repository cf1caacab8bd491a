// Writes one graph to a folder in the formats that were asked for.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "export/page/html.h"
#include "export/picture/picture.h"
#include "export/viewer/viewer_json.h"
#include "graph/attribution_graph.h"
#include "graph/prune.h"
#include "graph/scores.h"
#include "graph/supernodes.h"

namespace circuit {

enum class OutputFormat { kJson, kDot, kSvg, kPng, kPdf, kGraphml, kHtml };

/// `json,svg,png` as formats, each once, in the order of `OutputFormat`. Throws
/// std::invalid_argument `[formats] …` naming what is unknown or empty.
std::vector<OutputFormat> parse_formats(std::string_view list);

/// Whether `list`, as `parse_formats` reads it, names `format`; throws as that does.
bool has_format(std::string_view list, OutputFormat format);

/// `FOLDER/NAME.svg`: where `write_outputs` puts this format.
std::filesystem::path output_path(const std::filesystem::path& folder, const std::string& name,
                                  OutputFormat format);

struct OutputOptions {
  /// Slug and scores are filled in by `write_outputs`; of its state what is of kept nodes counts.
  ViewerOptions viewer{};
  /// Scores are filled in by `write_outputs`.
  PictureOptions picture{};
  /// Scores are filled in by `write_outputs`, its view is that of `viewer`.
  HtmlOptions html{};
  /// Groups of kept nodes, shown as such by every format; names unique. Where there are none,
  /// pictures and GraphML show those of the viewer's state.
  std::vector<Supernode> supernodes{};
  /// Rebuild `graph-metadata.json` when JSON is written. It reads the beginning of every JSON file
  /// of the folder: switch it off while many graphs are written, then `rebuild_graph_index` once.
  bool rebuild_index = true;
};

/// Writes `NAME.{json,dot,svg,png,pdf,graphml,html}` to `folder`, which is made if need be; each
/// file appears whole or not at all. Returns the files in the order of `formats`, without the
/// index. Everything is rendered before the first file is written. Throws std::invalid_argument for
/// a name that `check_name` refuses, std::runtime_error when a file cannot be written.
std::vector<std::filesystem::path> write_outputs(const std::filesystem::path& folder,
                                                 const std::string& name,
                                                 const std::vector<OutputFormat>& formats,
                                                 const AttributionGraph& graph,
                                                 const PrunedGraph& pruned, const Scores& scores,
                                                 const OutputOptions& options = {});

/// Writes `graph-metadata.json` anew from the graphs of `folder`, under a lock on the folder.
/// Throws std::runtime_error when a graph's metadata cannot be read or the file not be written.
void rebuild_graph_index(const std::filesystem::path& folder);

}  // namespace circuit
