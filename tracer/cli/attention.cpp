#include <memory>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>

#include "export/file/graph_file.h"
#include "export/names/node_ids.h"
#include "tracer/cli/attention_arguments.h"
#include "tracer/cli/attention_call.h"
#include "tracer/cli/byte_size.h"
#include "tracer/cli/command.h"
#include "tracer/cli/graph_input.h"
#include "tracer/cli/label_options.h"
#include "tracer/cli/loadings_report.h"
#include "tracer/cli/machine_options.h"
#include "tracer/cli/model_folders.h"
#include "tracer/cli/output_files.h"
#include "tracer/cli/pattern_files.h"
#include "tracer/cli/score_table_report.h"
#include "tracer/cli/standard_output.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit attention small.graph.safetensors --edge 'E_2778_4→7_845_5'
  circuit attention small.graph.safetensors --head 3.2 --query -1 --key 4
  circuit attention small.graph.safetensors --head 3.2 --query -1 --key 4 --against 2 --top 5
  circuit attention small.graph.safetensors --patterns --head 3.2 --head 4.1 --out pictures
  circuit attention france.graph.safetensors --model MODEL --transcoders CLT --edge '3_9_4->7_2_6'

Attention patterns are frozen in a graph. --edge says by which heads an edge runs under them; --head
says why a head looked where it did: its score ahead of softmax is a sum of products of what reaches
the query and what reaches the key; --patterns draws where all heads look.)";

constexpr const char* kNameEnding = "-attention";

struct AttentionCommand {
  std::filesystem::path graph;
  std::string edge;
  std::vector<std::string> heads;
  std::string query, key, against;
  bool patterns = false;
  LoadingOptions loading;
  TableOptions table;
  std::string memory = byte_size_option(table.memory_bytes);
  std::filesystem::path labels;
  OutputFiles output{.folder = ".", .name = {}, .formats = kPatternFormats};
  ModelFolders folders;
  MachineOptions machine;
  bool json = false;
  const CLI::App* parsed = nullptr;

  bool given(const char* option) const { return parsed->count(option) > 0; }
};

void add_score_options(CLI::App& command, AttentionCommand& attention) {
  const std::string group = "Scores";
  command
      .add_option("--head", attention.heads,
                  "Why this head, counted from 0, gave --key its score for --query; with "
                  "--patterns, repeatable: show it large")
      ->type_name("LAYER.HEAD")
      ->take_all()
      ->group(group);
  const auto position = [&](const char* name, std::string& value, const char* help) {
    command.add_option(name, value, help)->type_name("P")->group(group);
  };
  position("--query", attention.query, "Position that looks; -1 is the last");
  position("--key", attention.key, "Position that is looked at");
  position("--against", attention.against, "What the score of --key has more than that of this");
  command
      .add_option("--top", attention.table.top,
                  "Terms and sources listed of each sign, the largest")
      ->capture_default_str()
      ->group(group);
}

void add_pattern_options(CLI::App& command, AttentionCommand& attention) {
  command
      .add_flag("--patterns", attention.patterns, "Write a picture and a page of where heads look")
      ->group("Patterns");
  add_place_options(command, attention.output, std::string("that of GRAPH with ") + kNameEnding);
  command.add_option("--format", attention.output.formats, "Formats of --patterns: svg, html")
      ->type_name("LIST")
      ->capture_default_str()
      ->group("Output");
}

void add_options(CLI::App& command, AttentionCommand& attention) {
  command.add_option("GRAPH", attention.graph, "Graph file, NAME.graph.safetensors")->type_name("");
  add_model_options(command, attention.folders);
  command
      .add_option("--edge", attention.edge,
                  "By which heads this edge runs: ids of two nodes as in viewer files")
      ->type_name("SOURCE->TARGET")
      ->group("Edges");
  command
      .add_option("--sequences", attention.loading.sequences,
                  "Sequences of heads listed, the strongest")
      ->capture_default_str()
      ->group("Edges");
  add_score_options(command, attention);
  add_pattern_options(command, attention);
  add_labels_option(command, attention.labels, "Output");
  command.add_flag("--json", attention.json, "Print the report as one JSON object")
      ->group("Output");
  command
      .add_option("--memory", attention.memory,
                  "Memory of the whole process at most: 1.5GiB, 800MB; less is slower")
      ->type_name("SIZE")
      ->capture_default_str()
      ->group("Machine");
  add_machine_options(command, attention.machine, /*with_dtype=*/false);
}

void refuse_with(const AttentionCommand& attention, const char* option,
                 std::initializer_list<const char*> others) {
  for (const char* const other : others) {
    if (!attention.given(other)) continue;
    throw std::invalid_argument(std::string(other) + " with " + option +
                                "; expected one or the other");
  }
}

void check_score(const AttentionCommand& attention) {
  if (attention.heads.size() > 1) {
    throw std::invalid_argument("--head is given " + std::to_string(attention.heads.size()) +
                                " times, expected one");
  }
  parse_head(attention.heads.front());
  if (attention.table.top == 0) throw std::invalid_argument("--top is 0, expected 1 or more");
  for (const char* const option : {"--query", "--key"}) {
    if (!attention.given(option)) {
      throw std::invalid_argument(std::string("--head without ") + option +
                                  ", expected --query P --key P");
    }
  }
  const std::int32_t query = parse_position("--query", attention.query);
  const auto check_key = [&](const char* option, std::int32_t key) {
    if ((query < 0) != (key < 0) || key <= query) return;  // the prompt's length decides
    throw std::invalid_argument(std::string(option) + " is " + std::to_string(key) +
                                ", behind --query " + std::to_string(query) +
                                "; heads look at their own position and earlier ones");
  };
  const std::int32_t key = parse_position("--key", attention.key);
  check_key("--key", key);
  if (!attention.given("--against")) return;
  const std::int32_t against = parse_position("--against", attention.against);
  check_key("--against", against);
  if (against == key) throw std::invalid_argument("--against is --key, expected another position");
}

void check_patterns(AttentionCommand& attention) {
  for (const std::string& head : attention.heads) parse_head(head);
  check_output_files(attention.output);
  check_pattern_formats(attention.output.formats);
  if (attention.output.name.empty()) {
    attention.output.name = name_of_graph(attention.graph, kNameEnding);
  }
  require_writable(attention.output.folder);
}

/// What each of the three questions takes; `--head` belongs to two of them.
void refuse_mixtures(const AttentionCommand& attention) {
  if (attention.given("--edge")) {
    refuse_with(attention, "--edge",
                {"--patterns", "--head", "--query", "--key", "--against", "--top"});
  } else {
    refuse_with(attention, attention.patterns ? "--patterns" : "--head", {"--sequences"});
  }
  if (attention.patterns) {
    refuse_with(attention, "--patterns", {"--query", "--key", "--against", "--top"});
    return;
  }
  for (const char* const option : {"--out", "--name", "--format"}) {
    if (!attention.given(option)) continue;
    throw std::invalid_argument(std::string(option) +
                                " without --patterns, which alone writes files");
  }
}

void check(AttentionCommand& attention) {
  require_graph(attention.graph);
  if (attention.graph.extension() == ".json") {
    throw std::invalid_argument(
        "GRAPH is a viewer's JSON, which lacks what was not kept; expected NAME.graph.safetensors");
  }
  require_both_or_none(attention.folders);
  check_machine_options(attention.machine);
  attention.table.memory_bytes = parse_byte_size(attention.memory);
  if (!attention.given("--edge") && !attention.given("--head") && !attention.patterns) {
    throw std::invalid_argument(
        "expected one of --edge SOURCE→TARGET, --head LAYER.HEAD --query P --key P, --patterns");
  }
  refuse_mixtures(attention);
  if (attention.patterns) {
    check_patterns(attention);
  } else if (attention.given("--edge")) {
    parse_edge(attention.edge);
  } else {
    check_score(attention);
  }
}

std::size_t find_node(const AttentionCommand& attention, const AttributionGraph& graph,
                      const char* end, const NodeId& id) {
  const std::vector<std::size_t> nodes = find_nodes(graph, id);
  if (!nodes.empty()) return nodes.front();
  throw std::runtime_error("[attention] " + attention.graph.string() + ": the " + end +
                           " of --edge " + attention.edge + " is no node of the graph");
}

EdgeQuestion edge_question(const AttentionCommand& attention, const AttributionGraph& graph) {
  const EdgeIds edge = parse_edge(attention.edge);
  return {.source = find_node(attention, graph, "source", edge.source),
          .target = find_node(attention, graph, "target", edge.target),
          .options = attention.loading};
}

ScoreQuestion score_question(const AttentionCommand& attention, const AttributionGraph& graph) {
  const auto position = [&](const char* option, const std::string& text) {
    return resolve_position(option, parse_position(option, text), graph.n_positions());
  };
  ScoreQuestion question{.cell = {}, .options = attention.table};
  question.cell.head = parse_head(attention.heads.front());
  question.cell.query = position("--query", attention.query);
  question.cell.key = position("--key", attention.key);
  if (attention.given("--against")) {
    question.cell.other_key = position("--against", attention.against);
  }
  return question;
}

AttentionReport ask(const AttentionCommand& attention,
                    const std::shared_ptr<const AttributionGraph>& graph) {
  const ModelFolders folders = or_demo(attention.folders);
  AttentionRequest request{.load = {}, .graph = graph, .question = {}};
  apply_machine_options(attention.machine, request.load);
  request.load.model = folders.model;
  request.load.transcoders = folders.transcoders;
  request.load.dtype = compute_type_of(*graph);
  request.memory_bytes = attention.table.memory_bytes;
  if (attention.patterns) {
    request.question = PatternsQuestion{};
  } else if (attention.given("--edge")) {
    request.question = edge_question(attention, *graph);
  } else {
    request.question = score_question(attention, *graph);
  }
  return run_attention(std::move(request));
}

void print_patterns(const AttentionCommand& attention, const AttributionGraph& graph,
                    const AttentionPatterns& patterns) {
  std::vector<Head> heads;
  for (const std::string& head : attention.heads) heads.push_back(parse_head(head));
  const auto files = write_patterns(attention.output, graph, patterns, heads);
  print((attention.json ? patterns_json : patterns_text)(patterns, files));
}

void run(const AttentionCommand& attention) {
  const auto graph = std::make_shared<AttributionGraph>(read_graph_file(attention.graph).graph);
  apply_labels_option(attention.labels, *graph);
  const AttentionReport report = ask(attention, graph);
  graph->add_feature_labels(report.labels);
  if (const auto* const loadings = std::get_if<HeadLoadings>(&report.answer)) {
    const EdgeQuestion edge = edge_question(attention, *graph);
    print((attention.json ? loadings_json : loadings_text)(*graph, edge.source, edge.target,
                                                           *loadings));
  } else if (const auto* const table = std::get_if<ScoreTable>(&report.answer)) {
    print(attention.json ? score_table_json(*graph, *table)
                         : score_table_text(*graph, *table, attention.table.top));
  } else {
    print_patterns(attention, *graph, std::get<AttentionPatterns>(report.answer));
  }
}

}  // namespace

Command add_attention(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "attention", "By which heads an edge runs, and why a head looked where it did");
  const auto attention = std::make_shared<AttentionCommand>();
  attention->parsed = command;
  add_options(*command, *attention);
  command->footer(kExamples);
  return {.name = "attention",
          .check = [attention] { check(*attention); },
          .run = [attention] { run(*attention); }};
}

}  // namespace circuit::cli
