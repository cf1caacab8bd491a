#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <utility>

#include <CLI/CLI.hpp>

#include "tracer/cli/command.h"
#include "tracer/cli/faithfulness_call.h"
#include "tracer/cli/faithfulness_report.h"
#include "tracer/cli/machine_options.h"
#include "tracer/cli/model_folders.h"
#include "tracer/cli/progress_line.h"
#include "tracer/cli/prune_options.h"
#include "tracer/cli/standard_output.h"
#include "tracer/cli/warnings.h"
#include "tracer/text/pairs_file.h"
#include "tracer/text/prompt.h"
#include "tracer/text/prompt_file.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit faithfulness --prompt 'the capital of Texas is' --answer ' Austin' \
                       --counterfactual 'the capital of Ohio is' --counterfactual-answer ' Columbus'
  circuit faithfulness --prompts examples/demo/prompts.jsonl --pairs examples/demo/pairs.jsonl \
                       --family us_fact --split test --cluster entity

f is how much of the model's preference for the answer a circuit keeps when everything outside it
takes its value from the counterfactual prompt: 0 = nothing, 1 = all. CPR is the area under f over
the size k of the circuit (more is better), CMD the area between f and 1 (less is better).)";

struct FaithfulnessCommand {
  FaithfulnessRequest request;
  ModelFolders folders;
  MachineOptions machine;
  CounterfactualPair pair;
  std::string bos;
  std::filesystem::path prompts, pairs, means;
  std::string split, family, cluster = "concept";
  std::int64_t limit = 0;
  bool json = false;
  std::vector<std::string> clusters;  // of the request's pairs
  std::vector<std::string> warnings;
};

void add_pair_options(CLI::App& command, FaithfulnessCommand& faithfulness) {
  CounterfactualPair& pair = faithfulness.pair;
  command.add_option("--prompt", pair.prompt.prompt, "The text whose circuit is tested")
      ->group("One pair");
  command.add_option("--answer", pair.answer, "The token that should follow it: text or #ID")
      ->type_name("TOKEN")
      ->group("One pair");
  command
      .add_option("--counterfactual", pair.counterfactual.prompt,
                  "A text of as many tokens where another answer is right")
      ->type_name("TEXT")
      ->group("One pair");
  command.add_option("--counterfactual-answer", pair.counterfactual_answer, "That answer")
      ->type_name("TOKEN")
      ->group("One pair");
  command.add_option("--bos", faithfulness.bos, "Special token at the start: none, or its id")
      ->type_name("ID|none")
      ->group("One pair");
}

void add_list_options(CLI::App& command, FaithfulnessCommand& faithfulness) {
  command.add_option("--prompts", faithfulness.prompts, "Prompts with answers, JSON Lines")
      ->type_name("FILE")
      ->group("Many pairs");
  command
      .add_option("--pairs", faithfulness.pairs,
                  "Pairs of their ids: from is the prompt, to the counterfactual")
      ->type_name("FILE")
      ->group("Many pairs");
  command.add_option("--split", faithfulness.split, "Only pairs of this split")
      ->type_name("NAME")
      ->group("Many pairs");
  command.add_option("--family", faithfulness.family, "Only pairs whose prompt is of this family")
      ->type_name("NAME")
      ->group("Many pairs");
  command.add_option("--limit", faithfulness.limit, "At most so many pairs, the first; 0 = all")
      ->type_name("N")
      ->capture_default_str()
      ->group("Many pairs");
  command
      .add_option(
          "--cluster", faithfulness.cluster,
          "Field of the prompt whose values are drawn anew for intervals; without it a pair "
          "is its own")
      ->type_name("FIELD")
      ->capture_default_str()
      ->group("Many pairs");
}

void add_options(CLI::App& command, FaithfulnessCommand& faithfulness) {
  FaithfulnessOptions& options = faithfulness.request.options;
  add_model_options(command, faithfulness.folders);
  add_pair_options(command, faithfulness);
  add_list_options(command, faithfulness);
  command
      .add_option("--means", faithfulness.means,
                  "Prompts whose mean values stand in for what is outside, as a row of its own; "
                  "default: those of the pairs")
      ->type_name("FILE")
      ->group("Circuits");
  command
      .add_option("--random", options.random_orders,
                  "Random orders whose mean curve the others are held against")
      ->capture_default_str()
      ->group("Circuits");
  command.add_option("--seed", options.seed, "Of these")->capture_default_str()->group("Circuits");
  command
      .add_option("--max-features", options.max_features,
                  "Features of the graph; 0 = all that fire")
      ->capture_default_str()
      ->group("Circuits");
  add_prune_options(command, options.pruning, "Pruning, of the graph that is measured beside");
  command.add_flag("--json", faithfulness.json, "Print one JSON object")->group("Output");
  add_machine_options(command, faithfulness.machine);
}

PromptInput input_of(const PromptEntry& entry, const std::filesystem::path& file) {
  if (entry.chat) {
    throw std::runtime_error("[faithfulness] " + file.string() + ":" + std::to_string(entry.line) +
                             ": a chat, expected a prompt");
  }
  return {.prompt = entry.prompt.value_or(""), .token_ids = entry.token_ids};
}

void take_one_pair(FaithfulnessCommand& faithfulness) {
  CounterfactualPair pair = faithfulness.pair;
  pair.id = "1";
  pair.prompt.bos = pair.counterfactual.bos = faithfulness.bos;
  faithfulness.request.pairs = {pair};
  faithfulness.clusters = {pair.id};
}

void take_pairs(FaithfulnessCommand& faithfulness) {
  const PromptFile file = read_prompt_file(faithfulness.prompts);
  faithfulness.warnings = file.warnings;
  std::map<std::string, const PromptEntry*> prompts;
  for (const PromptEntry& entry : file.entries) prompts[entry.id] = &entry;
  std::set<std::string> used;
  for (const PairEntry& entry : read_pairs_file(faithfulness.pairs)) {
    const auto fail = [&](const std::string& what) {
      throw std::runtime_error("[faithfulness] " + faithfulness.pairs.string() + ":" +
                               std::to_string(entry.line) + ": " + what);
    };
    const auto find = [&](const std::string& id) -> const PromptEntry& {
      const auto found = prompts.find(id);
      if (found == prompts.end()) {
        fail("there is no prompt " + id + ", expected an id of " + faithfulness.prompts.string());
      }
      if (!found->second->answer) fail("prompt " + id + " has no answer, expected one");
      return *found->second;
    };
    const PromptEntry &from = find(entry.from), &to = find(entry.to);
    if (!faithfulness.split.empty() && entry.split != faithfulness.split) continue;
    if (!faithfulness.family.empty() && from.family != faithfulness.family) continue;
    if (faithfulness.limit > 0 &&
        faithfulness.clusters.size() >= static_cast<std::size_t>(faithfulness.limit)) {
      break;
    }
    faithfulness.request.pairs.push_back({.id = entry.id,
                                          .prompt = input_of(from, faithfulness.prompts),
                                          .counterfactual = input_of(to, faithfulness.prompts),
                                          .answer = *from.answer,
                                          .counterfactual_answer = *to.answer});
    const auto field = from.fields.find(faithfulness.cluster);
    faithfulness.clusters.push_back(field == from.fields.end() ? "pair " + entry.id
                                                               : field->second);
    for (const PromptEntry* const prompt : {&from, &to}) {
      if (faithfulness.means.empty() && used.insert(prompt->id).second) {
        faithfulness.request.means.push_back(input_of(*prompt, faithfulness.prompts));
      }
    }
  }
  faithfulness.request.leave_out = true;
  if (faithfulness.clusters.empty()) {
    throw std::runtime_error("[faithfulness] " + faithfulness.pairs.string() +
                             ": no pair is left by --split and --family, expected some");
  }
}

void check_options(const FaithfulnessCommand& faithfulness) {
  const FaithfulnessOptions& options = faithfulness.request.options;
  require_both_or_none(faithfulness.folders);
  check_prune_options(options.pruning);
  constexpr std::size_t kMostOrders = 1000;
  if (options.random_orders > kMostOrders) {
    throw std::invalid_argument("--random is " + std::to_string(options.random_orders) +
                                ", expected 0 to " + std::to_string(kMostOrders));
  }
  if (options.max_features < 0 || faithfulness.limit < 0) {
    throw std::invalid_argument("--max-features and --limit are expected to be 0 or more");
  }
  if (!faithfulness.bos.empty()) parse_bos(faithfulness.bos);
  const CounterfactualPair& pair = faithfulness.pair;
  const bool any = !pair.prompt.prompt.empty() || !pair.counterfactual.prompt.empty() ||
                   !pair.answer.empty() || !pair.counterfactual_answer.empty();
  const bool all = !pair.prompt.prompt.empty() && !pair.counterfactual.prompt.empty() &&
                   !pair.answer.empty() && !pair.counterfactual_answer.empty();
  const bool list = !faithfulness.prompts.empty() || !faithfulness.pairs.empty();
  const bool whole_list = !faithfulness.prompts.empty() && !faithfulness.pairs.empty();
  if ((any && list) || (any ? !all : !whole_list)) {
    throw std::invalid_argument(
        "expected --prompt, --answer, --counterfactual and --counterfactual-answer, or --prompts "
        "and --pairs");
  }
}

void check(FaithfulnessCommand& faithfulness) {
  check_options(faithfulness);
  apply_machine_options(faithfulness.machine, faithfulness.request.load);
  if (faithfulness.pairs.empty()) {
    take_one_pair(faithfulness);
  } else {
    take_pairs(faithfulness);
  }
  if (faithfulness.means.empty()) return;
  for (const PromptEntry& entry : read_prompt_file(faithfulness.means).entries) {
    faithfulness.request.means.push_back(input_of(entry, faithfulness.means));
  }
}

void run(FaithfulnessCommand& faithfulness) {
  print_warnings(faithfulness.warnings);
  const ModelFolders folders = or_demo(faithfulness.folders);
  faithfulness.request.load.model = folders.model;
  faithfulness.request.load.transcoders = folders.transcoders;
  ProgressLine line(faithfulness.machine.quiet);
  faithfulness.request.progress = [&line](const std::string& stage, std::int64_t done,
                                          std::int64_t total) { line.update(stage, done, total); };
  const FaithfulnessReport report = run_faithfulness(faithfulness.request);
  line.clear();
  if (report.pairs.empty()) {
    throw std::runtime_error(
        "[faithfulness] " + faithfulness.pairs.string() +
        ": every pair has unequal lengths, equal answers or answers of several "
        "tokens, expected one that can be compared");
  }
  print(faithfulness.json ? faithfulness_json(faithfulness.request, report, faithfulness.clusters)
                          : faithfulness_text(faithfulness.request, report, faithfulness.clusters));
}

}  // namespace

Command add_faithfulness(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "faithfulness", "How much of what the model prefers its circuits of each size keep");
  const auto faithfulness = std::make_shared<FaithfulnessCommand>();
  add_options(*command, *faithfulness);
  command->footer(kExamples);
  return {.name = "faithfulness",
          .check = [faithfulness] { check(*faithfulness); },
          .run = [faithfulness] { run(*faithfulness); }};
}

}  // namespace circuit::cli
