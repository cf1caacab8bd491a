#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "tracer/cli/command.h"
#include "tracer/cli/group_quality_call.h"
#include "tracer/cli/group_quality_report.h"
#include "tracer/cli/grouping_options.h"
#include "tracer/cli/machine_options.h"
#include "tracer/cli/model_folders.h"
#include "tracer/cli/progress_line.h"
#include "tracer/cli/prune_options.h"
#include "tracer/cli/standard_output.h"
#include "tracer/text/prompt_file.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit group-quality --prompts examples/grouping/prompts.jsonl
  circuit group-quality --prompts PROMPTS.jsonl --by similarity --by neighbours,layer --json

Neither measure uses what made the groups: which fields of the prompts turn a feature off, and what
becomes of the logits when one feature alone is silenced. docs/grouping.md says how.)";

struct GroupQualityCommand {
  GroupQualityRequest request;
  ModelFolders folders;
  MachineOptions machine;
  std::filesystem::path prompts;
  std::vector<std::string> criteria = {"feature", "layer", "position", "similarity", "neighbours"};
  std::string cluster = "concept";
  GroupingOptions thresholds;
  bool json = false;
};

void add_options(CLI::App& command, GroupQualityCommand& quality) {
  add_model_options(command, quality.folders);
  command.add_option("--prompts", quality.prompts, "Prompts with fields, JSON Lines")
      ->type_name("FILE")
      ->group("Prompts");
  command
      .add_option("--cluster", quality.cluster,
                  "Field whose values are drawn anew for intervals; prompts without it are each "
                  "their own")
      ->type_name("FIELD")
      ->capture_default_str()
      ->group("Prompts");
  command.add_option("--by", quality.criteria, "A grouping as in group --by, repeatable")
      ->type_name("LIST")
      ->take_all()
      ->group("Groups");
  add_grouping_options(command, quality.thresholds, "Groups");
  add_prune_options(command, quality.request.pruning, "Pruning");
  command
      .add_option("--random", quality.request.random_partitions,
                  "Random partitions of the same sizes that each grouping is held against")
      ->capture_default_str()
      ->group("Check");
  command.add_option("--seed", quality.request.seed, "Of these and of resampling")
      ->capture_default_str()
      ->group("Check");
  command.add_flag("--json", quality.json, "Print the report as one JSON object")->group("Output");
  add_machine_options(command, quality.machine);
}

void check(GroupQualityCommand& quality) {
  require_both_or_none(quality.folders);
  if (quality.prompts.empty()) {
    throw std::invalid_argument("no --prompts, expected a file of prompts with fields");
  }
  check_grouping_options(quality.thresholds);
  check_prune_options(quality.request.pruning);
  for (const std::string& list : quality.criteria) {
    quality.request.groupings.push_back(quality.thresholds);
    parse_criteria(list, quality.request.groupings.back());
  }
  constexpr std::size_t kMost = 10'000;
  if (quality.request.random_partitions < 1 || quality.request.random_partitions > kMost) {
    throw std::invalid_argument("--random is " + std::to_string(quality.request.random_partitions) +
                                ", expected 1 to " + std::to_string(kMost));
  }
  apply_machine_options(quality.machine, quality.request.load);
  for (PromptEntry& entry : read_prompt_file(quality.prompts).entries) {
    if (entry.chat) {
      throw std::runtime_error("[group-quality] " + quality.prompts.string() + ":" +
                               std::to_string(entry.line) + ": a chat, expected a prompt");
    }
    quality.request.prompts.push_back(
        {.id = entry.id,
         .prompt = {.prompt = entry.prompt.value_or(""), .token_ids = entry.token_ids},
         .fields = std::move(entry.fields)});
  }
}

void run(GroupQualityCommand& quality) {
  const ModelFolders folders = or_demo(quality.folders);
  quality.request.load.model = folders.model;
  quality.request.load.transcoders = folders.transcoders;
  ProgressLine line(quality.machine.quiet);
  quality.request.progress = [&line](const std::string& stage, std::int64_t done,
                                     std::int64_t total) { line.update(stage, done, total); };
  const GroupQualityReport report = run_group_quality(quality.request);
  line.clear();
  const GroupQualitySummary summary =
      summarise(report, quality.criteria, clusters_of(quality.request.prompts, quality.cluster),
                quality.request.seed);
  print(quality.json ? group_quality_json(summary) : group_quality_text(summary));
}

}  // namespace

Command add_group_quality(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "group-quality", "Whether groups mean something, by data that did not make them");
  const auto quality = std::make_shared<GroupQualityCommand>();
  add_options(*command, *quality);
  command->footer(kExamples);
  return {.name = "group-quality",
          .check = [quality] { check(*quality); },
          .run = [quality] { run(*quality); }};
}

}  // namespace circuit::cli
