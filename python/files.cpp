// Graph files, viewers' graphs, and pictures and pages of graphs.
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include "export/file/graph_file.h"
#include "export/outputs.h"
#include "export/picture/dot.h"
#include "export/viewer/viewer_json_read.h"
#include "graph/attribution_graph.h"
#include "python/bindings.h"

namespace circuit::python {
namespace {

namespace py = pybind11;
using Released = py::call_guard<py::gil_scoped_release>;
using Path = std::filesystem::path;

/// The graph, its pruning or null, its scores, and what could not be read of a viewer's file.
using Opened = std::tuple<std::shared_ptr<AttributionGraph>, std::shared_ptr<PrunedGraph>, Scores,
                          std::vector<std::string>>;

Opened open(const Path& path) {
  ViewerFile file =
      path.extension() == ".json"
          ? read_viewer_json(path)
          : ViewerFile{.content = read_graph_file(path), .options = {}, .warnings = {}};
  GraphFile& content = file.content;
  return {std::make_shared<AttributionGraph>(std::move(content.graph)),
          content.pruned ? std::make_shared<PrunedGraph>(std::move(*content.pruned)) : nullptr,
          content.scores, std::move(file.warnings)};
}

using Groups = std::map<std::string, std::vector<std::size_t>>;

OutputOptions output_options(const Scores& scores, const std::string& title, std::size_t most_edges,
                             const Groups& groups) {
  OutputOptions options{.rebuild_index = false};
  options.picture.title = title;
  options.picture.most_edges = most_edges;
  options.picture.scores = scores;
  options.html.title = title;
  for (const auto& [name, nodes] : groups) options.supernodes.push_back({name, nodes});
  return options;
}

/// `path` is FOLDER/NAME.FORMAT.
Path write_output(const Path& path, const AttributionGraph& graph, const PrunedGraph& pruned,
                  const Scores& scores, const std::string& title, std::size_t most_edges,
                  const Groups& groups) {
  const std::string ending = path.extension().string();
  return write_outputs(path.has_parent_path() ? path.parent_path() : Path("."),
                       path.stem().string(), parse_formats(ending.empty() ? "" : ending.substr(1)),
                       graph, pruned, scores, output_options(scores, title, most_edges, groups))
      .front();
}

std::string svg(const AttributionGraph& graph, const PrunedGraph& pruned, const Scores& scores,
                const std::string& title, std::size_t most_edges, const Groups& groups) {
  OutputOptions options = output_options(scores, title, most_edges, groups);
  options.picture.supernodes = std::move(options.supernodes);
  return render(graph, pruned, options.picture, PictureFormat::kSvg);
}

}  // namespace

void add_files(py::module_& module) {
  const PictureOptions defaults;
  module.def("open", &open, py::arg("path"), Released(),
             "Reads a graph file, or with the ending .json a viewer's graph.");
  module.def("save", &write_graph_file, py::arg("path"), py::arg("graph"), py::arg("pruned"),
             py::arg("scores"), Released(), "Writes a graph file.");
  module.def("export", &write_output, py::arg("path"), py::arg("graph"), py::arg("pruned"),
             py::arg("scores"), py::arg("title") = "", py::arg("most_edges") = defaults.most_edges,
             py::arg("supernodes") = Groups{}, Released(),
             "Writes json, dot, svg, png, pdf, graphml or html, by the ending.");
  module.def("svg", &svg, py::arg("graph"), py::arg("pruned"), py::arg("scores"),
             py::arg("title") = "", py::arg("most_edges") = defaults.most_edges,
             py::arg("supernodes") = Groups{}, Released(), "The picture as SVG text.");
}

}  // namespace circuit::python
