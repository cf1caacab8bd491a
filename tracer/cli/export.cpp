#include <memory>
#include <optional>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "export/names/view_nodes.h"
#include "export/outputs.h"
#include "export/page/feature_cards.h"
#include "export/viewer/view_address.h"
#include "tracer/cli/command.h"
#include "tracer/cli/graph_input.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/label_options.h"
#include "tracer/cli/output_files.h"
#include "tracer/cli/prune_options.h"
#include "tracer/cli/standard_output.h"
#include "tracer/cli/view_url.h"
#include "tracer/cli/written_files.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit export small.graph.safetensors --format svg
  circuit export small.graph.safetensors --format graphml --all --out tables
  circuit export small.graph.safetensors --node-threshold 0.6 --format json,png
  circuit export small.graph.safetensors --to-url --supernodes mine.supernodes.json
  circuit export small.graph.safetensors --format html --compare-with large.graph.safetensors)";

struct ExportCommand {
  std::filesystem::path graph;
  PruneOptions options;
  bool all = false;
  OutputFiles output;
  bool to_url = false;
  std::string page = std::string(kViewerPage);
  std::filesystem::path supernodes;
  bool force = false;
  std::filesystem::path labels;
  std::filesystem::path features;
  std::filesystem::path other;
  bool json = false;
  const CLI::App* parsed = nullptr;
};

void add_options(CLI::App& command, ExportCommand& request) {
  add_graph_argument(command, request.graph);
  command.add_flag("--all", request.all, "Keep every node and edge, of a pruned graph too")
      ->group(kPruningOfGraph);
  add_prune_options(command, request.options, kPruningOfGraph);
  add_output_options(command, request.output, "that of GRAPH",
                     "Formats: json (viewers), dot, svg, png, pdf, graphml, html");
  const std::string url = "Address of a viewer";
  command.add_flag("--to-url", request.to_url, "Print an address instead of writing files")
      ->group(url);
  command
      .add_option("--page", request.page, "With --to-url: the viewer's page of a model's graphs")
      ->type_name("URL")
      ->capture_default_str()
      ->group(url);
  command
      .add_option("--supernodes", request.supernodes,
                  "Groups to show, a supernode file (see group); with --format too")
      ->type_name("FILE")
      ->group(url);
  command.add_flag("--force", request.force, "Take a file made with other transcoders")->group(url);
  add_labels_option(command, request.labels, "Output");
  command
      .add_option("--features", request.features,
                  "Feature cards to show on the page (html), one JSON object a line")
      ->type_name("FILE")
      ->group("Output");
  command
      .add_option("--compare-with", request.other,
                  "Second graph that the page (html) compares GRAPH with, pruned likewise")
      ->type_name("GRAPH")
      ->group("Output");
  command.add_flag("--json", request.json, "Print the report as one JSON object")->group("Output");
}

void check(ExportCommand& request) {
  require_graph(request.graph);
  check_prune_options(request.options);
  check_output_files(request.output);
  if (request.all && prune_options_given(*request.parsed)) {
    throw std::invalid_argument("--all with a threshold; expected one or the other");
  }
  if (request.to_url && request.parsed->count("--format") > 0) {
    throw std::invalid_argument("--to-url with --format; expected one or the other");
  }
  if (!request.to_url && request.parsed->count("--page") > 0) {
    throw std::invalid_argument("--page without --to-url");
  }
  if (request.force && request.supernodes.empty()) {
    throw std::invalid_argument("--force without --supernodes");
  }
  const bool page = has_format(request.output.formats, OutputFormat::kHtml);
  if (!page && !request.features.empty()) {
    throw std::invalid_argument("--features without --format html, which alone shows them");
  }
  if (!page && !request.other.empty()) {
    throw std::invalid_argument("--compare-with without --format html, which alone compares");
  }
  if (request.output.name.empty()) request.output.name = name_of_graph(request.graph, "");
  require_writable(request.output.folder);
}

/// What is left of a compact graph keeps the influence that it had in the whole one.
PrunedGraph choose(const ExportCommand& request, const GraphInput& input) {
  if (request.all) {
    PrunedGraph all = keep_all(input.file.graph);
    if (input.file.graph.is_compact() && input.file.pruned) {
      all.node_cumulative_influence = input.file.pruned->node_cumulative_influence;
    }
    return all;
  }
  return choose_pruning(input, request.options, prune_options_given(*request.parsed));
}

/// Those of the file that was given, else those of a viewer's graph.
std::vector<Supernode> choose_supernodes(const ExportCommand& request, const GraphInput& input,
                                         const PrunedGraph& pruned) {
  const AttributionGraph& graph = input.file.graph;
  if (!request.supernodes.empty()) {
    return read_supernodes_for("export", graph, pruned, request.supernodes, request.force)
        .supernodes;
  }
  if (!request.to_url) return {};
  ViewState state = input.viewer.state;
  keep_kept(graph, pruned, state);
  return groups_of_view(graph, state);
}

void print_url(const ExportCommand& request, const std::string& url) {
  print(request.json ? json_line(nlohmann::ordered_json{{"url", url}}) : url + "\n");
}

void run(const ExportCommand& request) {
  OutputOptions options{.picture = request.output.picture};
  if (!request.features.empty()) options.html.cards = read_feature_cards(request.features);
  std::optional<GraphInput> other;
  std::optional<PrunedGraph> other_pruned;
  if (!request.other.empty()) {
    other = read_graph(request.other);
    apply_labels_option(request.labels, other->file.graph);
    other_pruned = choose(request, *other);
    options.html.compare = {.graph = &other->file.graph,
                            .pruned = &*other_pruned,
                            .title = name_of_graph(request.other, ""),
                            .scores = whole_scores(other->file)};
  }
  GraphInput input = read_graph(request.graph);
  apply_labels_option(request.labels, input.file.graph);
  options.viewer = input.viewer;
  const PrunedGraph pruned = choose(request, input);
  options.supernodes = choose_supernodes(request, input, pruned);
  if (request.to_url) {
    print_url(request, view_url(input.file.graph, pruned, options.supernodes, request.page,
                                request.output.name));
    return;
  }
  const auto files = write_outputs(request.output.folder, request.output.name,
                                   parse_formats(request.output.formats), input.file.graph, pruned,
                                   whole_scores(input.file), options);
  print(request.json ? written_files_json(pruned, files)
                     : written_files_text(input.file.graph, pruned, files));
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
