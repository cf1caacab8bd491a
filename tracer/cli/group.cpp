#include <memory>
#include <numeric>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "export/names/group_names.h"
#include "export/names/supernode_file.h"
#include "export/names/view_nodes.h"
#include "export/outputs.h"
#include "graph/influence.h"
#include "tracer/cli/command.h"
#include "tracer/cli/graph_input.h"
#include "tracer/cli/group_report.h"
#include "tracer/cli/grouping_options.h"
#include "tracer/cli/output_files.h"
#include "tracer/cli/prune_options.h"
#include "tracer/cli/standard_output.h"
#include "tracer/cli/view_url.h"
#include "transcoders/weights/atomic_file.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit group small.graph.safetensors --by similarity --format svg,png
  circuit group small.graph.safetensors --by neighbours,layer --min-shared 0.7
  circuit group small.graph.safetensors --supernodes mine.supernodes.json --format json
  circuit group small.graph.safetensors --from-url 'https://www.neuronpedia.org/…?supernodes=…')";

constexpr const char* kNameEnding = "-grouped";
constexpr const char* kGroups = "Groups, one of --by, --supernodes and --from-url";

struct GroupCommand {
  std::filesystem::path graph;
  std::string criteria;
  std::filesystem::path supernodes;
  std::string address;  ///< or a viewer's file
  ViewState view;       ///< what it says
  bool force = false;
  GroupingOptions grouping;
  PruneOptions pruning;
  OutputFiles output{.folder = ".", .name = {}, .formats = {}};
  bool json = false;
  const CLI::App* parsed = nullptr;
};

void add_options(CLI::App& command, GroupCommand& group) {
  add_graph_argument(command, group.graph);
  command
      .add_option(
          "--by", group.criteria,
          "Put features together that share all of these: feature (at any position), "
          "similarity (of decoders), neighbours (alike inputs and outputs), layer, position")
      ->type_name("LIST")
      ->group(kGroups);
  command.add_option("--supernodes", group.supernodes, "Groups by hand, a supernode file")
      ->type_name("FILE")
      ->group(kGroups);
  command
      .add_option("--from-url", group.address,
                  "Groups of an address of Neuronpedia's or circuit-tracer's viewer, which is not "
                  "fetched, or of a viewer's JSON file")
      ->type_name("URL|FILE")
      ->group(kGroups);
  command.add_flag("--force", group.force, "Take a file made with other transcoders")
      ->group(kGroups);
  add_grouping_options(command, group.grouping, kGroups);
  add_prune_options(command, group.pruning, kPruningOfGraph);
  add_output_options(command, group.output, std::string("that of GRAPH with ") + kNameEnding,
                     "Beside NAME.supernodes.json, the graph with its groups: json (viewers), dot, "
                     "svg, png, pdf, graphml, html");
  command.add_flag("--json", group.json, "Print the report as one JSON object")->group("Output");
}

void check(GroupCommand& group) {
  require_graph(group.graph);
  const int sources = !group.criteria.empty() + !group.supernodes.empty() + !group.address.empty();
  if (sources != 1) {
    throw std::invalid_argument("expected one of --by, --supernodes and --from-url");
  }
  if (!group.criteria.empty()) parse_criteria(group.criteria, group.grouping);
  if (group.force && group.supernodes.empty()) {
    throw std::invalid_argument("--force without --supernodes");
  }
  check_grouping_options(group.grouping);
  check_prune_options(group.pruning);
  const bool formats_given = group.parsed->count("--format") > 0;
  check_output_files(group.output,
                     formats_given ? FormatsMay::kNotBeMissing : FormatsMay::kBeMissing);
  if (group.output.name.empty()) group.output.name = name_of_graph(group.graph, kNameEnding);
  require_writable(group.output.folder);
  if (!group.address.empty()) group.view = read_view(group.address);
}

FoundSupernodes choose(const GroupCommand& group, const AttributionGraph& graph,
                       const PrunedGraph& pruned, std::span<const double> influence) {
  if (!group.criteria.empty()) {
    const auto groups = find_groups(graph, pruned, group.grouping);
    return {.supernodes = name_groups(graph, groups, group.grouping, influence), .absent = {}};
  }
  if (!group.address.empty()) return supernodes_of_view(graph, pruned, group.view);
  return read_supernodes_for("group", graph, pruned, group.supernodes, group.force);
}

std::vector<std::filesystem::path> write_files(const GroupCommand& group, const GraphInput& input,
                                               const PrunedGraph& pruned,
                                               const std::vector<Supernode>& supernodes) {
  const GraphFile& file = input.file;
  const std::filesystem::path path = group.output.folder / (group.output.name + ".supernodes.json");
  const SupernodeFile groups{.transcoders_hash = file.graph.provenance().transcoders_hash,
                             .supernodes = name_members(file.graph, supernodes)};
  std::filesystem::create_directories(group.output.folder);
  write_file_atomically(path, supernode_file_text(groups));
  std::vector<std::filesystem::path> files = {path};
  if (group.output.formats.empty()) return files;
  OutputOptions options{
      .viewer = input.viewer, .picture = group.output.picture, .supernodes = supernodes};
  options.viewer.state.supernodes.clear();  // these take their place
  if (!group.address.empty()) {
    options.viewer.state = {.pinned_ids = group.view.pinned_ids, .clerps = group.view.clerps};
  }
  const auto written =
      write_outputs(group.output.folder, group.output.name, parse_formats(group.output.formats),
                    file.graph, pruned, whole_scores(file), options);
  files.insert(files.end(), written.begin(), written.end());
  return files;
}

void run(GroupCommand& group) {
  GraphInput input = read_graph(group.graph);
  use_node_ids(input.file.graph, group.view);
  apply_view_labels(group.view, input.file.graph);
  const GraphFile& file = input.file;
  const AttributionGraph& graph = file.graph;
  const PrunedGraph pruned =
      choose_pruning(input, group.pruning, prune_options_given(*group.parsed));
  const std::vector<double> influence = compute_influence(graph);
  FoundSupernodes found = choose(group, graph, pruned, influence);
  GroupResult result{.grouped = group_nodes(graph, pruned, found.supernodes),
                     .absent = std::move(found.absent),
                     .total_influence = std::accumulate(influence.begin(), influence.end(), 0.0)};
  if (!graph.is_compact()) {
    result.pruned = compute_scores(graph, pruned.node_mask);
    result.groups_alone = compute_scores(graph, supernode_mask(graph, found.supernodes));
  }
  result.files = write_files(group, input, pruned, found.supernodes);
  print(group.json ? group_json(graph, pruned, result) : group_report(graph, pruned, result));
}

}  // namespace

Command add_group(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "group", "Put nodes of a saved graph together as supernodes; needs no model");
  const auto group = std::make_shared<GroupCommand>();
  group->parsed = command;
  add_options(*command, *group);
  command->footer(kExamples);
  return {.name = "group", .check = [group] { check(*group); }, .run = [group] { run(*group); }};
}

}  // namespace circuit::cli
