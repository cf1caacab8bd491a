#include "tracer/cli/written_files.h"

#include <nlohmann/json.hpp>

#include "tracer/cli/json_line.h"
#include "tracer/cli/report_table.h"

namespace circuit::cli {

std::string kept_text(const AttributionGraph& graph, const PrunedGraph& pruned) {
  return count_text(pruned.kept_nodes()) + " of " + count_text(graph.n_nodes()) + " nodes, " +
         count_text(pruned.kept_edges()) + " of " + count_text(graph.edges().edges()) + " edges";
}

std::vector<std::string> file_texts(const std::vector<std::filesystem::path>& files) {
  std::vector<std::string> names;
  for (const auto& file : files) names.push_back(file.string());
  return names;
}

std::string written_files_text(const AttributionGraph& graph, const PrunedGraph& pruned,
                               const std::vector<std::filesystem::path>& files) {
  ReportTable table;
  table.add("circuit", kept_text(graph, pruned));
  table.add_lines("files", file_texts(files));
  return table.text();
}

std::string written_files_json(const PrunedGraph& pruned,
                               const std::vector<std::filesystem::path>& files) {
  nlohmann::ordered_json object;
  object["nodes"] = pruned.kept_nodes();
  object["edges"] = pruned.kept_edges();
  object["files"] = file_texts(files);
  return json_line(object);
}

}  // namespace circuit::cli
