#include "graph/compare.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "export/names/node_names.h"
#include "export/outputs.h"
#include "export/text/output_text.h"
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
  circuit compare texas.graph.safetensors california.graph.safetensors
  circuit compare texas.json california.json --align 7=8 --format svg,json
  circuit compare a.graph.safetensors b.graph.safetensors --node-threshold 0.6 --top 50 --json)";

struct CompareCommand {
  std::filesystem::path a, b;
  std::vector<std::string> align;
  std::vector<FixedPair> fixed;
  bool force = false;
  std::size_t top = 20;
  PruneOptions pruning;
  OutputFiles output{.folder = ".", .name = {}, .formats = {}};
  bool json = false;
  const CLI::App* parsed = nullptr;
};

void add_options(CLI::App& command, CompareCommand& compare) {
  const char* const help = "Graph file, NAME.graph.safetensors, or a viewer's graph, NAME.json";
  command.add_option("A", compare.a, help)->type_name("");
  command.add_option("B", compare.b, help)->type_name("");
  command
      .add_option("--align", compare.align,
                  "Positions of A and B that belong together, 7=8,9=9; else the tokens decide")
      ->type_name("LIST")
      ->group("Comparison");
  command.add_flag("--force", compare.force, "Also graphs of different transcoders")
      ->group("Comparison");
  command.add_option("--top", compare.top, "Edges in the report, those that differ most; 0 = all")
      ->capture_default_str()
      ->group("Comparison");
  add_prune_options(command, compare.pruning, kPruningOfGraphs);
  add_output_options(command, compare.output, "that of A, -vs-, that of B",
                     "Write both graphs in one: json (viewers), dot, svg, png, pdf, graphml, html");
  command.add_flag("--json", compare.json, "Print the comparison as one JSON object")
      ->group("Output");
}

FixedPair parse_pair(std::string_view text) {
  FixedPair pair;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, pair.a);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '=') {
    const auto second = std::from_chars(first.ptr + 1, end, pair.b);
    if (second.ec == std::errc{} && second.ptr == end) return pair;
  }
  throw std::invalid_argument("--align: '" + one_line(text) + "', expected positions such as 7=8");
}

void check(CompareCommand& compare) {
  if (compare.a.empty() || compare.b.empty()) {
    throw std::invalid_argument("expected two graphs, A and B");
  }
  for (const std::string& list : compare.align) {
    for (std::string_view rest = list;;) {
      const std::size_t comma = rest.find(',');
      compare.fixed.push_back(parse_pair(rest.substr(0, comma)));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  check_prune_options(compare.pruning);
  const bool formats_given = compare.parsed->count("--format") > 0;
  check_output_files(compare.output,
                     formats_given ? FormatsMay::kNotBeMissing : FormatsMay::kBeMissing);
  if (compare.output.name.empty()) {
    const std::string a = name_of_graph(compare.a, ""), b = name_of_graph(compare.b, "");
    compare.output.name = a.substr(0, 28) + "-vs-" + b.substr(0, 28);
  }
  if (formats_given) require_writable(compare.output.folder);
}

std::string_view side_name(Side side) {
  return side == Side::kBoth ? "both" : side == Side::kOnlyA ? "A" : "B";
}

double difference(const ComparedEdge& edge) { return edge.share_b - edge.share_a; }

/// Those that differ most first.
std::vector<ComparedEdge> ranked(const Comparison& comparison, std::size_t top) {
  std::vector<ComparedEdge> edges = comparison.edges;
  std::ranges::stable_sort(edges, std::greater(),
                           [](const ComparedEdge& edge) { return std::abs(difference(edge)); });
  if (top > 0 && edges.size() > top) edges.resize(top);
  return edges;
}

std::string counts_text(const SideCounts& counts) {
  return count_text(counts.both) + " in both, " + count_text(counts.only_a) + " only in A, " +
         count_text(counts.only_b) + " only in B";
}

std::vector<std::string> column_lines(const Comparison& comparison) {
  std::vector<std::string> items;
  for (std::size_t c = 0; c < comparison.columns.size(); ++c) {
    const AlignedPosition& column = comparison.columns[c];
    items.push_back((column.a ? std::to_string(*column.a) : "-") + "=" +
                    (column.b ? std::to_string(*column.b) : "-") + " " +
                    in_quotes(comparison.graph.nodes().tokens[c]));
  }
  return items;
}

std::string signed_share(double share) {
  return (share < 0 ? "" : "+") + fixed_text(100 * share, 1) + "%";
}

std::string report(const Comparison& comparison, std::size_t top,
                   const std::vector<std::filesystem::path>& files) {
  SideCounts edges;
  for (const ComparedEdge& edge : comparison.edges) edges.add(edge.side);
  ReportTable table;
  table.add_flow("columns", column_lines(comparison));
  table.add("nodes", counts_text(comparison.nodes));
  table.add("features", counts_text(comparison.features) + ", at any position");
  table.add("edges", counts_text(edges));
  std::vector<std::string> lines = {
      "     A       B    B - A   edge (shares of the target's input)"};
  for (const ComparedEdge& edge : ranked(comparison, top)) {
    lines.push_back(padded_left(signed_share(edge.share_a), 7) + " " +
                    padded_left(signed_share(edge.share_b), 7) + " " +
                    padded_left(signed_share(difference(edge)), 7) + "   " +
                    describe_node(comparison.graph, edge.source) + " → " +
                    describe_node(comparison.graph, edge.target));
  }
  if (comparison.edges.empty()) lines = {"none"};
  table.add_lines("differ most", lines);
  table.add_lines("files", file_texts(files));
  return table.text();
}

Json counts_json(const SideCounts& counts) {
  return {{"both", counts.both}, {"only_a", counts.only_a}, {"only_b", counts.only_b}};
}

Json position_json(std::optional<std::size_t> position) {
  return position ? Json(*position) : Json(nullptr);
}

std::string comparison_json(const Comparison& comparison, std::size_t top,
                            const std::vector<std::filesystem::path>& files) {
  Json columns = Json::array(), nodes = Json::array(), edges = Json::array();
  for (const AlignedPosition& column : comparison.columns) {
    columns.push_back({position_json(column.a), position_json(column.b)});
  }
  for (std::size_t node = 0; node < comparison.graph.n_nodes(); ++node) {
    if (comparison.kept.node_mask[node] == 0) continue;
    nodes.push_back({{"id", name_node(comparison.graph, node).node_id},
                     {"in", side_name(comparison.node_sides[node])}});
  }
  for (const ComparedEdge& edge : ranked(comparison, top)) {
    edges.push_back({{"source", name_node(comparison.graph, edge.source).node_id},
                     {"target", name_node(comparison.graph, edge.target).node_id},
                     {"in", side_name(edge.side)},
                     {"weight_a", edge.weight_a},
                     {"weight_b", edge.weight_b},
                     {"share_a", edge.share_a},
                     {"share_b", edge.share_b}});
  }
  Json object;
  object["columns"] = std::move(columns);
  object["node_counts"] = counts_json(comparison.nodes);
  object["feature_counts"] = counts_json(comparison.features);
  object["nodes"] = std::move(nodes);
  object["edges"] = std::move(edges);
  object["files"] = file_texts(files);
  return json_line(object);
}

/// Viewers have no colours for it: the label says where a node is from.
ViewState labels_of_sides(const Comparison& comparison) {
  ViewState state;
  for (std::size_t node = 0; node < comparison.graph.n_features(); ++node) {
    if (comparison.node_sides[node] == Side::kBoth) continue;
    const Node what = comparison.graph.node(node);
    state.clerps.emplace_back(name_node(comparison.graph, node).node_id,
                              "only " + std::string(side_name(comparison.node_sides[node])) + ": " +
                                  feature_label(comparison.graph, what.layer, what.feature));
  }
  return state;
}

std::vector<std::filesystem::path> write_files(const CompareCommand& command,
                                               const Comparison& comparison) {
  if (command.output.formats.empty()) return {};
  OutputOptions options;
  options.viewer.state = labels_of_sides(comparison);
  options.picture.node_sides = comparison.node_sides;
  for (const ComparedEdge& edge : comparison.edges) options.picture.edge_sides.push_back(edge.side);
  return write_outputs(command.output.folder, command.output.name,
                       parse_formats(command.output.formats), comparison.graph, comparison.kept, {},
                       options);
}

void run(const CompareCommand& command) {
  const GraphInput a = read_graph(command.a), b = read_graph(command.b);
  if (!command.force) require_same_transcoders(a.file.graph, b.file.graph);
  const bool anew = prune_options_given(*command.parsed);
  const PrunedGraph kept_a = choose_pruning(a, command.pruning, anew);
  const PrunedGraph kept_b = choose_pruning(b, command.pruning, anew);
  const Comparison comparison = compare({a.file.graph, kept_a}, {b.file.graph, kept_b},
                                        align_prompts(a.file.graph, b.file.graph, command.fixed));
  const auto files = write_files(command, comparison);
  print(command.json ? comparison_json(comparison, command.top, files)
                     : report(comparison, command.top, files));
}

}  // namespace

Command add_compare(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "compare", "What two saved graphs have in common, and where they differ; needs no model");
  const auto compare = std::make_shared<CompareCommand>();
  compare->parsed = command;
  add_options(*command, *compare);
  command->footer(kExamples);
  return {.name = "compare",
          .check = [compare] { check(*compare); },
          .run = [compare] { run(*compare); }};
}

}  // namespace circuit::cli
