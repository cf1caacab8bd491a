#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "export/outputs.h"
#include "tracer/cli/command.h"
#include "tracer/cli/graph_input.h"
#include "tracer/cli/label_options.h"
#include "tracer/cli/output_files.h"
#include "tracer/cli/prune_options.h"
#include "tracer/cli/standard_output.h"
#include "tracer/cli/written_files.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit export small.graph.safetensors --format svg
  circuit export small.graph.safetensors --format graphml --all --out tables
  circuit export small.graph.safetensors --node-threshold 0.6 --format json,png)";

struct ExportCommand {
  std::filesystem::path graph;
  PruneOptions options;
  bool all = false;
  OutputFiles output;
  std::filesystem::path labels;
  bool json = false;
  const CLI::App* parsed = nullptr;
};

void add_options(CLI::App& command, ExportCommand& request) {
  add_graph_argument(command, request.graph);
  command.add_flag("--all", request.all, "Keep every node and edge, of a pruned graph too")
      ->group("Pruning, of a graph that is not pruned or where one of these is given");
  add_prune_options(command, request.options,
                    "Pruning, of a graph that is not pruned or where one of these is given");
  add_output_options(command, request.output, "that of GRAPH",
                     "Formats: json (viewers), dot, svg, png, pdf, graphml, html");
  add_labels_option(command, request.labels, "Output");
  command.add_flag("--json", request.json, "Print the report as one JSON object")->group("Output");
}

void check(ExportCommand& request) {
  require_graph(request.graph);
  check_prune_options(request.options);
  check_output_files(request.output);
  if (request.all && prune_options_given(*request.parsed)) {
    throw std::invalid_argument("--all with a threshold; expected one or the other");
  }
  if (request.output.name.empty()) request.output.name = name_of_graph(request.graph, "");
  require_writable(request.output.folder);
}

PrunedGraph choose(const ExportCommand& request, const GraphFile& file) {
  if (request.all) return keep_all(file.graph);
  return choose_pruning(file, request.options, prune_options_given(*request.parsed));
}

void run(const ExportCommand& request) {
  GraphFile file = read_graph_file(request.graph);
  apply_labels_option(request.labels, file.graph);
  const PrunedGraph pruned = choose(request, file);
  const auto files = write_outputs(request.output.folder, request.output.name,
                                   parse_formats(request.output.formats), file.graph, pruned,
                                   whole_scores(file), {.picture = request.output.picture});
  print(request.json ? written_files_json(pruned, files)
                     : written_files_text(file.graph, pruned, files));
}

}  // namespace

Command add_export(CLI::App& program) {
  CLI::App* const command =
      program.add_subcommand("export", "Write a saved graph in other formats; needs no model");
  const auto request = std::make_shared<ExportCommand>();
  request->parsed = command;
  add_options(*command, *request);
  command->footer(kExamples);
  return {.name = "export",
          .check = [request] { check(*request); },
          .run = [request] { run(*request); }};
}

}  // namespace circuit::cli
