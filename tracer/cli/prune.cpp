#include "graph/prune.h"

#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>

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
  circuit prune small.graph.safetensors --node-threshold 0.6
  circuit prune small.graph.safetensors --compact --name smaller
  circuit prune small.graph.safetensors --node-threshold 0.6 --format json,svg)";

constexpr const char* kNameEnding = "-pruned";

struct PruneCommand {
  std::filesystem::path graph;
  PruneOptions options;
  bool compact = false;
  std::filesystem::path labels;
  OutputFiles output{.folder = ".", .name = {}, .formats = {}};
  bool json = false;
  const CLI::App* parsed = nullptr;
};

void add_options(CLI::App& command, PruneCommand& prune) {
  add_graph_argument(command, prune.graph);
  add_prune_options(command, prune.options, "Pruning");
  command.add_flag("--compact", prune.compact, "Leave out what is not kept")->group("Pruning");
  add_output_options(
      command, prune.output, std::string("that of GRAPH with ") + kNameEnding,
      "Write these formats (json, dot, svg, png, pdf, graphml, html) instead of a graph "
      "file");
  add_labels_option(command, prune.labels, "Output");
  command.add_flag("--json", prune.json, "Print the report as one JSON object")->group("Output");
}

void check(PruneCommand& prune) {
  require_graph(prune.graph);
  check_prune_options(prune.options);
  const bool formats_given = prune.parsed->count("--format") > 0;
  check_output_files(prune.output,
                     formats_given ? FormatsMay::kNotBeMissing : FormatsMay::kBeMissing);
  if (prune.compact && formats_given) {
    throw std::invalid_argument("--compact with --format, which writes what is kept only anyway");
  }
  if (prune.output.name.empty()) prune.output.name = name_of_graph(prune.graph, kNameEnding);
  std::error_code none;
  if (!formats_given && std::filesystem::equivalent(prune.output.graph_file(), prune.graph, none)) {
    throw std::invalid_argument("the output would be the input, " + prune.graph.string() +
                                "; expected another --name or --out");
  }
  require_writable(prune.output.folder);
}

/// The masks of what is left: everything, with the influence that it had in the whole graph.
PrunedGraph masks_of_compact(const AttributionGraph& whole, const AttributionGraph& left,
                             const PrunedGraph& pruned) {
  PrunedGraph masks = keep_all(left);
  masks.options = pruned.options;
  std::size_t next = 0;
  for (std::size_t node = 0; node < whole.n_nodes(); ++node) {
    if (node < whole.n_features() && pruned.node_mask[node] == 0) continue;
    masks.node_mask[next] = pruned.node_mask[node];
    masks.node_cumulative_influence[next++] = pruned.node_cumulative_influence[node];
  }
  return masks;
}

void write_graph(const PruneCommand& command, const GraphFile& file, const PrunedGraph& pruned) {
  std::filesystem::create_directories(command.output.folder);
  const std::filesystem::path path = command.output.graph_file();
  const Scores scores = whole_scores(file);
  if (!command.compact) {
    write_graph_file(path, file.graph, &pruned, scores);
    return;
  }
  AttributionGraph left = compact(file.graph, pruned);
  left.mark_compact();
  const PrunedGraph masks = masks_of_compact(file.graph, left, pruned);
  write_graph_file(path, left, &masks, scores);
}

void run(const PruneCommand& command) {
  GraphInput input = read_graph(command.graph);
  apply_labels_option(command.labels, input.file.graph);
  const GraphFile& file = input.file;
  const PrunedGraph pruned = prune_anew(input, command.options);
  std::vector<std::filesystem::path> files;
  if (command.output.formats.empty()) {
    write_graph(command, file, pruned);
    files.push_back(command.output.graph_file());
  } else {
    files =
        write_outputs(command.output.folder, command.output.name,
                      parse_formats(command.output.formats), file.graph, pruned, whole_scores(file),
                      {.viewer = input.viewer, .picture = command.output.picture});
  }
  print(command.json ? written_files_json(pruned, files)
                     : written_files_text(file.graph, pruned, files));
}

}  // namespace

Command add_prune(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "prune", "Prune a saved graph anew, to a new graph file or to pictures; needs no model");
  const auto prune = std::make_shared<PruneCommand>();
  prune->parsed = command;
  add_options(*command, *prune);
  command->footer(kExamples);
  return {.name = "prune", .check = [prune] { check(*prune); }, .run = [prune] { run(*prune); }};
}

}  // namespace circuit::cli
