#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tracer/cli/command.h"
#include "tracer/cli/graph_input.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/node_selection.h"
#include "tracer/cli/prune_options.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/score_text.h"
#include "tracer/cli/standard_output.h"

namespace circuit::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kExamples = R"(Examples:
  circuit score small.graph.safetensors
  circuit score small.graph.safetensors --nodes 3_512_4,5_77_5 --json)";

struct ScoreCommand {
  std::filesystem::path graph;
  PruneOptions options;
  std::string nodes;
  std::vector<std::string> chosen;
  bool json = false;
  const CLI::App* parsed = nullptr;
};

/// Of a compact graph only `whole` is known: what was left out cannot be counted as error.
struct AllScores {
  Scores whole;
  std::optional<Scores> pruned, chosen;
};

void add_options(CLI::App& command, ScoreCommand& score) {
  add_graph_argument(command, score.graph);
  command
      .add_option("--nodes", score.nodes,
                  "Also score the subgraph of these features, LAYER_FEATURE_POSITION,… (`*`: every "
                  "position): all others count as errors")
      ->type_name("LIST")
      ->group("Subgraphs");
  add_prune_options(command, score.options, "Subgraphs");
  command.add_flag("--json", score.json, "Print the scores as one JSON object")->group("Output");
}

void check(ScoreCommand& score) {
  require_graph(score.graph);
  check_prune_options(score.options);
  if (score.parsed->count("--nodes") > 0) score.chosen = parse_node_selection(score.nodes);
}

AllScores compute(const ScoreCommand& score, const GraphInput& input) {
  const GraphFile& file = input.file;
  AllScores scores{.whole = whole_scores(file), .pruned = {}, .chosen = {}};
  if (file.graph.is_compact()) {
    if (score.chosen.empty()) return scores;
    throw std::runtime_error(
        "[score] " + score.graph.string() +
        ": holds only what pruning kept, expected the whole graph for --nodes");
  }
  const bool anew = prune_options_given(*score.parsed);
  scores.pruned = compute_scores(file.graph, choose_pruning(input, score.options, anew).node_mask);
  if (!score.chosen.empty()) {
    scores.chosen = compute_scores(file.graph, selection_mask(file.graph, score.chosen));
  }
  return scores;
}

std::string scores_json(const AllScores& scores) {
  Json object = scores_object<Json>(scores.whole);
  object["pruned"] = scores.pruned ? scores_object<Json>(*scores.pruned) : Json(nullptr);
  if (scores.chosen) object["chosen"] = scores_object<Json>(*scores.chosen);
  return json_line(object);
}

std::string scores_report(const AllScores& scores) {
  ReportTable table;
  table.add("whole", scores_text(scores.whole));
  table.add("pruned", scores.pruned ? scores_text(*scores.pruned)
                                    : "unknown: the file holds only what pruning kept");
  if (scores.chosen) table.add("chosen", scores_text(*scores.chosen));
  return table.text();
}

void run(const ScoreCommand& score) {
  const AllScores scores = compute(score, read_graph(score.graph));
  print(score.json ? scores_json(scores) : scores_report(scores));
}

}  // namespace

Command add_score(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "score", "How much of a saved graph is explained: whole, pruned, chosen; needs no model");
  const auto score = std::make_shared<ScoreCommand>();
  score->parsed = command;
  add_options(*command, *score);
  command->footer(kExamples);
  return {.name = "score", .check = [score] { check(*score); }, .run = [score] { run(*score); }};
}

}  // namespace circuit::cli
