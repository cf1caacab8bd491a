#include "graph/aggregate.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "export/file/graph_file.h"
#include "export/outputs.h"
#include "export/text/output_text.h"
#include "graph/compare.h"
#include "tracer/cli/command.h"
#include "tracer/cli/graph_input.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/output_files.h"
#include "tracer/cli/prune_options.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/standard_output.h"
#include "tracer/cli/written_files.h"

namespace circuit::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kExamples = R"(Examples:
  circuit aggregate graphs
  circuit aggregate a.graph.safetensors b.graph.safetensors --save-graph --name both
  circuit aggregate graphs --min-share 0.5 --format svg,json --out summary)";

struct AggregateCommand {
  std::vector<std::filesystem::path> graphs;
  double min_share = 0.25;
  std::size_t top = 20;
  std::uint64_t seed = 0;
  bool force = false, save_graph = false, json = false;
  PruneOptions pruning;
  OutputFiles output{.folder = ".", .name = "aggregate", .formats = {}};
  const CLI::App* parsed = nullptr;
};

void add_options(CLI::App& command, AggregateCommand& aggregate) {
  command
      .add_option("GRAPH", aggregate.graphs,
                  "Graph files, viewers' graphs, or folders: of a folder all *.graph.safetensors, "
                  "where it has none all *.json")
      ->type_name("");
  command
      .add_option("--min-share", aggregate.min_share,
                  "Of nodes and edges in the files: in at least this share of the graphs, 0 to 1")
      ->capture_default_str()
      ->group("Aggregate");
  command.add_option("--top", aggregate.top, "Features and edges in the report; 0 = all")
      ->capture_default_str()
      ->group("Aggregate");
  command.add_option("--seed", aggregate.seed, "Of the random sets of features")
      ->capture_default_str()
      ->group("Aggregate");
  command.add_flag("--force", aggregate.force, "Also graphs of different transcoders")
      ->group("Aggregate");
  add_prune_options(command, aggregate.pruning, kPruningOfGraphs);
  command.add_flag("--save-graph", aggregate.save_graph, "Write NAME.graph.safetensors")
      ->group("Output");
  add_output_options(command, aggregate.output, "aggregate",
                     "Write the one graph: json (viewers), dot, svg, png, pdf, graphml, html");
  command.add_flag("--json", aggregate.json, "Print the aggregate as one JSON object")
      ->group("Output");
}

void check(AggregateCommand& aggregate) {
  if (aggregate.graphs.empty()) throw std::invalid_argument("no GRAPH, expected graphs or folders");
  check_share("--min-share", aggregate.min_share);
  check_prune_options(aggregate.pruning);
  const bool formats_given = aggregate.parsed->count("--format") > 0;
  check_output_files(aggregate.output,
                     formats_given ? FormatsMay::kNotBeMissing : FormatsMay::kBeMissing);
  if (formats_given || aggregate.save_graph) require_writable(aggregate.output.folder);
}

std::vector<std::filesystem::path> files_ending(const std::filesystem::path& folder,
                                                std::string_view ending) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(ending) && name != "graph-metadata.json" &&
        !name.ends_with(".supernodes.json")) {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

std::vector<std::filesystem::path> all_graphs(const AggregateCommand& command) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path& path : command.graphs) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    auto found = files_ending(path, ".graph.safetensors");
    if (found.empty()) found = files_ending(path, ".json");
    if (found.empty()) {
      throw std::runtime_error("[aggregate] " + path.string() + ": holds no graph, expected some");
    }
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

std::string unit_text(const Summary& summary, std::size_t index, const Provenance& origin) {
  const Unit& unit = summary.units[index].unit;
  const std::string layer = "L" + std::to_string(unit.layer);
  if (unit.kind == NodeKind::kError) return "errors " + layer;
  if (unit.kind == NodeKind::kToken) return "token \"" + one_line(unit.text) + "\"";
  if (unit.kind == NodeKind::kTarget) return "output \"" + one_line(unit.text) + "\"";
  const auto label = origin.feature_labels.find({unit.layer, unit.feature});
  return layer + "/" + std::to_string(unit.feature) +
         (label == origin.feature_labels.end() ? "" : ": " + one_line(label->second.text));
}

/// Indices of those in most graphs, of them the strongest first.
template <typename Items, typename Strength>
std::vector<std::size_t> ranked(const Items& items, std::size_t top, Strength strength) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (strength(items[i]) >= 0) order.push_back(i);
  }
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) {
    return std::pair(items[i].graphs, strength(items[i]));
  });
  if (top > 0 && order.size() > top) order.resize(top);
  return order;
}

std::vector<std::size_t> ranked_features(const Summary& summary, std::size_t top) {
  return ranked(summary.units, top, [](const UnitSummary& unit) {
    return unit.unit.kind == NodeKind::kFeature ? unit.influence : -1.0;
  });
}

std::vector<std::size_t> ranked_edges(const Summary& summary, std::size_t top) {
  return ranked(summary.edges, top, [](const UnitEdge& edge) { return edge.share; });
}

std::string percent(double share) { return padded_left(fixed_text(100 * share, 1) + "%", 7); }

std::string times(std::size_t graphs, const Summary& summary) {
  return padded_left(std::to_string(graphs) + "/" + std::to_string(summary.graphs), 8);
}

std::string overlap_text(const Summary& summary) {
  if (!summary.overlap) return "none: one graph";
  const auto& random = summary.overlap->random;
  return "Jaccard " + fixed_text(summary.overlap->jaccard, 3) + ", of random sets " +
         (random ? fixed_text(*random, 3)
                 : std::string("unknown: a graph does not hold what else fired"));
}

std::string report(const Summary& summary, std::size_t top, const Provenance& origin,
                   const std::vector<std::filesystem::path>& files) {
  ReportTable table;
  table.add("graphs", count_text(summary.graphs));
  table.add("overlap", overlap_text(summary));
  std::vector<std::string> lines = {"  graphs influence (mean over all; over those that have it)"};
  for (const std::size_t i : ranked_features(summary, top)) {
    const UnitSummary& unit = summary.units[i];
    lines.push_back(times(unit.graphs, summary) + percent(unit.influence) +
                    percent(unit.influence_present) + "   " + unit_text(summary, i, origin));
  }
  table.add_lines("features", lines);
  lines = {"  graphs share of the target's input (mean over all; over those that have it)"};
  for (const std::size_t i : ranked_edges(summary, top)) {
    const UnitEdge& edge = summary.edges[i];
    lines.push_back(times(edge.graphs, summary) + percent(edge.share) +
                    percent(edge.share_present) + "   " + unit_text(summary, edge.source, origin) +
                    " → " + unit_text(summary, edge.target, origin));
  }
  table.add_lines("edges", lines);
  table.add_lines("files", file_texts(files));
  return table.text();
}

Json unit_json(const Unit& unit) {
  switch (unit.kind) {
    case NodeKind::kFeature:
      return {{"kind", "feature"}, {"layer", unit.layer}, {"feature", unit.feature}};
    case NodeKind::kError:
      return {{"kind", "error"}, {"layer", unit.layer}};
    default:
      if (unit.target == TargetKind::kFeature) {
        return {{"kind", "target"}, {"layer", unit.layer}, {"feature", unit.feature}};
      }
      return {{"kind", unit.kind == NodeKind::kToken ? "token" : "target"},
              {"id", unit.feature},
              {"text", unit.text}};
  }
}

std::string aggregate_json(const Summary& summary, std::size_t top,
                           const std::vector<std::filesystem::path>& files) {
  Json object;
  object["graphs"] = summary.graphs;
  object["jaccard"] = summary.overlap ? Json(summary.overlap->jaccard) : Json(nullptr);
  object["jaccard_random"] =
      summary.overlap && summary.overlap->random ? Json(*summary.overlap->random) : Json(nullptr);
  object["features"] = Json::array();
  for (const std::size_t i : ranked_features(summary, top)) {
    const UnitSummary& unit = summary.units[i];
    object["features"].push_back({{"layer", unit.unit.layer},
                                  {"feature", unit.unit.feature},
                                  {"graphs", unit.graphs},
                                  {"influence", unit.influence},
                                  {"influence_present", unit.influence_present},
                                  {"activation_present", unit.activation_present}});
  }
  object["edges"] = Json::array();
  for (const std::size_t i : ranked_edges(summary, top)) {
    const UnitEdge& edge = summary.edges[i];
    object["edges"].push_back({{"source", unit_json(summary.units[edge.source].unit)},
                               {"target", unit_json(summary.units[edge.target].unit)},
                               {"graphs", edge.graphs},
                               {"weight", edge.weight},
                               {"weight_present", edge.weight_present},
                               {"share", edge.share},
                               {"share_present", edge.share_present}});
  }
  object["files"] = file_texts(files);
  return json_line(object);
}

/// What the first graph of a list is of, for those behind it.
AttributionGraph without_edges(const AttributionGraph& graph) {
  return {graph.nodes(),
          compress(std::vector<MatrixEntry>(), graph.n_nodes()),
          {},
          {},
          graph.provenance()};
}

std::vector<std::filesystem::path> write_files(const AggregateCommand& command,
                                               const AttributionGraph& graph,
                                               const PrunedGraph& pruned) {
  std::vector<std::filesystem::path> files;
  if (!command.output.formats.empty()) {
    files = write_outputs(command.output.folder, command.output.name,
                          parse_formats(command.output.formats), graph, pruned, {});
  }
  if (command.save_graph) {
    std::filesystem::create_directories(command.output.folder);
    files.push_back(command.output.graph_file());
    write_graph_file(files.back(), graph, &pruned, {});
  }
  return files;
}

void run(const AggregateCommand& command) {
  GraphSummarizer summarizer(command.seed);
  std::optional<AttributionGraph> first;
  const bool anew = prune_options_given(*command.parsed);
  for (const std::filesystem::path& path : all_graphs(command)) {
    const GraphInput input = read_graph(path);
    try {
      if (first && !command.force) require_same_transcoders(*first, input.file.graph);
      summarizer.add(input.file.graph, choose_pruning(input, command.pruning, anew));
    } catch (const std::invalid_argument& error) {
      throw std::runtime_error(std::string(error.what()) + " (" + path.string() + ")");
    }
    if (!first) first = without_edges(input.file.graph);
  }
  const Summary summary = summarizer.summary();
  const auto least = static_cast<std::size_t>(
      std::max(1.0, std::ceil(command.min_share * static_cast<double>(summary.graphs))));
  const auto [graph, pruned] = summarizer.graph(summary, least);
  const auto files = write_files(command, graph, pruned);
  print(command.json ? aggregate_json(summary, command.top, files)
                     : report(summary, command.top, summarizer.origin(), files));
}

}  // namespace

Command add_aggregate(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "aggregate", "How often features and edges occur in many saved graphs; needs no model");
  const auto aggregate = std::make_shared<AggregateCommand>();
  aggregate->parsed = command;
  add_options(*command, *aggregate);
  command->footer(kExamples);
  return {.name = "aggregate",
          .check = [aggregate] { check(*aggregate); },
          .run = [aggregate] { run(*aggregate); }};
}

}  // namespace circuit::cli
