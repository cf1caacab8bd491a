#include "export/outputs.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "export/graphml.h"
#include "export/names/slug.h"
#include "export/names/supernode_file.h"
#include "export/names/view_nodes.h"
#include "export/picture/dot.h"
#include "export/text/output_text.h"
#include "export/viewer/graph_index.h"
#include "transcoders/weights/atomic_file.h"

namespace circuit {
namespace {

/// In the order of `OutputFormat`; the name is also the file's extension.
constexpr std::array<std::string_view, 7> kFormatNames = {"json", "dot",     "svg", "png",
                                                          "pdf",  "graphml", "html"};
constexpr std::string_view kExpected = "expected some of json, dot, svg, png, pdf, graphml, html";

std::string_view name_of(OutputFormat format) {
  return kFormatNames[static_cast<std::size_t>(format)];
}

OutputFormat parse_format(std::string_view name) {
  const auto found = std::ranges::find(kFormatNames, name);
  if (found != kFormatNames.end()) return static_cast<OutputFormat>(found - kFormatNames.begin());
  throw std::invalid_argument("[formats] format '" + one_line(name) + "' is unknown, " +
                              std::string(kExpected));
}

PictureFormat picture_format(OutputFormat format) {
  switch (format) {
    case OutputFormat::kSvg:
      return PictureFormat::kSvg;
    case OutputFormat::kPng:
      return PictureFormat::kPng;
    case OutputFormat::kPdf:
      return PictureFormat::kPdf;
    default:
      return PictureFormat::kDot;
  }
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error && std::filesystem::is_directory(folder, error)) return;
  throw std::runtime_error("[write_outputs] " + folder.string() + ": cannot be made a folder (" +
                           (error ? error.message() : std::string("a file has this name")) + ")");
}

std::string contents(OutputFormat format, const AttributionGraph& graph, const PrunedGraph& pruned,
                     const OutputOptions& options) {
  if (format == OutputFormat::kJson) return viewer_json(graph, pruned, options.viewer);
  if (format == OutputFormat::kGraphml) return graphml(graph, pruned, options.supernodes);
  if (format == OutputFormat::kHtml) return html_page(graph, pruned, options.html);
  return render(graph, pruned, options.picture, picture_format(format));
}

/// Viewers draw a group when its members are pinned.
void add_supernodes(const AttributionGraph& graph, std::span<const Supernode> supernodes,
                    ViewState& view) {
  for (ViewState::Supernode& group : name_members(graph, supernodes)) {
    for (const std::string& id : group.node_ids) {
      if (std::ranges::find(view.pinned_ids, id) == view.pinned_ids.end()) {
        view.pinned_ids.push_back(id);
      }
    }
    view.supernodes.push_back(std::move(group));
  }
}

}  // namespace

std::vector<OutputFormat> parse_formats(std::string_view list) {
  std::vector<OutputFormat> formats;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    if (name.empty()) {
      throw std::invalid_argument("[formats] a format is empty, " + std::string(kExpected));
    }
    formats.push_back(parse_format(name));
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  std::ranges::sort(formats);
  const auto [first, last] = std::ranges::unique(formats);
  formats.erase(first, last);
  return formats;
}

bool has_format(std::string_view list, OutputFormat format) {
  const std::vector<OutputFormat> formats = parse_formats(list);
  return std::ranges::find(formats, format) != formats.end();
}

std::filesystem::path output_path(const std::filesystem::path& folder, const std::string& name,
                                  OutputFormat format) {
  return folder / (name + "." + std::string(name_of(format)));
}

std::vector<std::filesystem::path> write_outputs(const std::filesystem::path& folder,
                                                 const std::string& name,
                                                 const std::vector<OutputFormat>& formats,
                                                 const AttributionGraph& graph,
                                                 const PrunedGraph& pruned, const Scores& scores,
                                                 const OutputOptions& options) {
  check_name(name);
  make_folder(folder);
  OutputOptions filled = options;
  filled.viewer.slug = name;
  filled.viewer.scores = scores;
  filled.picture.scores = scores;
  keep_kept(graph, pruned, filled.viewer.state);
  if (filled.supernodes.empty()) filled.supernodes = groups_of_view(graph, filled.viewer.state);
  filled.picture.supernodes = filled.supernodes;
  add_supernodes(graph, options.supernodes, filled.viewer.state);
  filled.html.scores = scores;
  filled.html.view = filled.viewer.state;
  std::vector<std::pair<std::filesystem::path, std::string>> files;
  for (const OutputFormat format : formats) {
    files.emplace_back(output_path(folder, name, format), contents(format, graph, pruned, filled));
  }
  std::vector<std::filesystem::path> paths;
  for (const auto& [path, text] : files) {
    write_file_atomically(path, text);
    paths.push_back(path);
  }
  const bool has_json = std::ranges::find(formats, OutputFormat::kJson) != formats.end();
  if (has_json && options.rebuild_index) rebuild_graph_index(folder);
  return paths;
}

void rebuild_graph_index(const std::filesystem::path& folder) {
  const FolderLock lock(folder);
  write_file_atomically(folder / "graph-metadata.json", graph_index(folder));
}

}  // namespace circuit
