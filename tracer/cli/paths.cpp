#include "graph/paths.h"

#include <array>
#include <charconv>
#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "export/names/node_ids.h"
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
  circuit paths small.graph.safetensors
  circuit paths small.graph.safetensors --from 4 --through 1_203_5 --count 3
  circuit paths small.graph.safetensors --to 3_77_5 --by weight --sign negative --format svg)";

constexpr const char* kNameEnding = "-paths";
struct PathsCommand {
  std::filesystem::path graph;
  std::string to, from, through;
  std::string by = "share", sign = "any";
  PathQuery query;
  PruneOptions pruning;
  OutputFiles output{.folder = ".", .name = {}, .formats = {}};
  bool json = false;
  const CLI::App* parsed = nullptr;
};

void add_options(CLI::App& command, PathsCommand& paths) {
  add_graph_argument(command, paths.graph);
  const auto text = [&](const char* name, std::string& value, const char* type, const char* help) {
    return command.add_option(name, value, help)->type_name(type)->group("Paths");
  };
  text("--to", paths.to, "NODE", "Where they end, an id as in viewer files [the first target]");
  text("--from", paths.from, "POSITION", "Only from the token at this position");
  text("--through", paths.through, "NODE", "Only through this feature");
  command.add_option("--count", paths.query.k, "How many")->capture_default_str()->group("Paths");
  text("--by", paths.by, "share|weight",
       "The strongest by product of shares, or by what of the end's value flows along them")
      ->capture_default_str();
  text("--sign", paths.sign, "any|positive|negative", "Only paths of such a weight")
      ->capture_default_str();
  add_prune_options(command, paths.pruning, kPruningOfGraph);
  add_output_options(
      command, paths.output, std::string("that of GRAPH with ") + kNameEnding,
      "Write the graph of these paths: json (viewers), dot, svg, png, pdf, graphml, html");
  command.add_flag("--json", paths.json, "Print the paths as one JSON object")->group("Output");
}

template <typename Value, std::size_t N>
Value choice(const char* option, const std::string& text,
             const std::array<std::pair<const char*, Value>, N>& choices) {
  std::string expected;
  for (const auto& [name, value] : choices) {
    if (text == name) return value;
    expected += (expected.empty() ? "" : ", ") + std::string(name);
  }
  throw std::invalid_argument(std::string(option) + " is '" + one_line(text) +
                              "', expected one of " + expected);
}

NodeId require_id(const char* option, const std::string& text) {
  const auto id = parse_node_id(text);
  if (id && id->position) return *id;
  throw std::invalid_argument(std::string(option) + " is '" + one_line(text) +
                              "', expected a node such as 3_512_4");
}

std::size_t require_position(const std::string& text) {
  std::size_t position = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, position);
  if (error == std::errc{} && at == end) return position;
  throw std::invalid_argument("--from is '" + one_line(text) + "', expected a position from 0 on");
}

void check(PathsCommand& paths) {
  require_graph(paths.graph);
  paths.query.order = choice<PathOrder, 2>(
      "--by", paths.by, {{{"share", PathOrder::kShare}, {"weight", PathOrder::kWeight}}});
  paths.query.sign = choice<PathSign, 3>("--sign", paths.sign,
                                         {{{"any", PathSign::kAny},
                                           {"positive", PathSign::kPositive},
                                           {"negative", PathSign::kNegative}}});
  if (!paths.to.empty()) require_id("--to", paths.to);
  if (!paths.through.empty()) require_id("--through", paths.through);
  if (!paths.from.empty()) require_position(paths.from);
  if (paths.query.k == 0) throw std::invalid_argument("--count is 0, expected 1 or more");
  check_prune_options(paths.pruning);
  const bool formats_given = paths.parsed->count("--format") > 0;
  check_output_files(paths.output,
                     formats_given ? FormatsMay::kNotBeMissing : FormatsMay::kBeMissing);
  if (paths.output.name.empty()) paths.output.name = name_of_graph(paths.graph, kNameEnding);
  if (formats_given) require_writable(paths.output.folder);
}

/// A kept node of one of these kinds.
std::size_t find_kept(const PathsCommand& paths, const char* option, const std::string& text,
                      const AttributionGraph& graph, const PrunedGraph& pruned, bool target) {
  const std::vector<std::size_t> nodes = find_nodes(graph, require_id(option, text));
  const auto fail = [&](const std::string& what) -> std::size_t {
    throw std::runtime_error("[paths] " + paths.graph.string() + ": " + option + " " + text + " " +
                             what);
  };
  if (nodes.empty()) return fail("is no node of the graph");
  const NodeKind kind = graph.kind(nodes.front());
  if (kind != NodeKind::kFeature && !(target && kind == NodeKind::kTarget)) {
    return fail(target ? "is no feature and no target" : "is no feature");
  }
  if (pruned.node_mask[nodes.front()] == 0) {
    return fail("is not kept by the pruning, expected a kept node (--node-threshold 1 keeps all)");
  }
  return nodes.front();
}

PathQuery resolve(const PathsCommand& paths, const AttributionGraph& graph,
                  const PrunedGraph& pruned) {
  PathQuery query = paths.query;
  query.target_node = paths.to.empty()
                          ? graph.first_target()
                          : find_kept(paths, "--to", paths.to, graph, pruned, /*target=*/true);
  if (query.target_node >= graph.n_nodes()) {
    throw std::runtime_error("[paths] " + paths.graph.string() + ": has no target, expected --to");
  }
  if (!paths.through.empty()) {
    query.through = find_kept(paths, "--through", paths.through, graph, pruned, /*target=*/false);
  }
  if (!paths.from.empty()) {
    const std::size_t position = require_position(paths.from);
    if (position >= graph.n_positions()) {
      throw std::runtime_error("[paths] --from " + paths.from + ", expected a position below " +
                               std::to_string(graph.n_positions()));
    }
    query.from = graph.first_token() + position;
  }
  return query;
}

/// Only the nodes and edges of `found`.
PrunedGraph only(const AttributionGraph& graph, PrunedGraph pruned,
                 const std::vector<Path>& found) {
  std::ranges::fill(pruned.node_mask, std::uint8_t{0});
  std::ranges::fill(pruned.edge_mask, std::uint8_t{0});
  for (const Path& path : found) {
    for (std::size_t i = 0; i < path.nodes.size(); ++i) {
      const std::size_t row = path.nodes[i];
      pruned.node_mask[row] = 1;
      if (i == 0) continue;
      pruned.edge_mask[graph.edges().find(row, path.nodes[i - 1]).value()] = 1;
    }
  }
  return pruned;
}

std::string paths_json(const AttributionGraph& graph, const std::vector<Path>& found,
                       const std::vector<std::filesystem::path>& files) {
  Json list = Json::array();
  for (const Path& path : found) {
    Json nodes = Json::array();
    for (const std::size_t node : path.nodes) nodes.push_back(name_node(graph, node).node_id);
    list.push_back({{"nodes", nodes}, {"share", path.share}, {"weight", path.weight}});
  }
  Json object;
  object["paths"] = std::move(list);
  object["files"] = file_texts(files);
  return json_line(object);
}

std::string paths_report(const AttributionGraph& graph, const PathQuery& query,
                         const std::vector<Path>& found,
                         const std::vector<std::filesystem::path>& files) {
  ReportTable table;
  table.add("to", describe_node(graph, query.target_node));
  std::vector<std::vector<std::string>> rows = {{"share", "weight", "path"}};
  for (const Path& path : found) {
    std::string text;
    for (const std::size_t node : path.nodes) {
      if (node == query.target_node) break;
      text += (text.empty() ? "" : " -> ") + describe_node(graph, node);
    }
    const std::string weight = fixed_text(path.weight, 3);
    rows.push_back({fixed_text(100 * path.share, 2) + "%", path.weight >= 0 ? "+" + weight : weight,
                    std::move(text)});
  }
  table.add_lines("paths", found.empty()
                               ? std::vector<std::string>{"none: no kept edges lead there"}
                               : aligned_columns(rows));
  table.add_lines("files", file_texts(files));
  return table.text();
}

void run(const PathsCommand& paths) {
  const GraphInput input = read_graph(paths.graph);
  const GraphFile& file = input.file;
  const AttributionGraph& graph = file.graph;
  const PrunedGraph pruned =
      choose_pruning(input, paths.pruning, prune_options_given(*paths.parsed));
  const PathQuery query = resolve(paths, graph, pruned);
  const std::vector<Path> found = strongest_paths(graph, pruned, query);
  std::vector<std::filesystem::path> files;
  if (!paths.output.formats.empty()) {
    if (found.empty()) {
      throw std::runtime_error("[paths] " + paths.graph.string() + ": no such path to draw");
    }
    files = write_outputs(paths.output.folder, paths.output.name,
                          parse_formats(paths.output.formats), graph, only(graph, pruned, found),
                          whole_scores(file), {.picture = paths.output.picture});
  }
  print(paths.json ? paths_json(graph, found, files) : paths_report(graph, query, found, files));
}

}  // namespace

Command add_paths(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "paths", "The strongest ways from tokens to a node of a saved graph; needs no model");
  const auto paths = std::make_shared<PathsCommand>();
  paths->parsed = command;
  add_options(*command, *paths);
  command->footer(kExamples);
  return {.name = "paths", .check = [paths] { check(*paths); }, .run = [paths] { run(*paths); }};
}

}  // namespace circuit::cli
