#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "export/text/output_text.h"
#include "tracer/cli/command.h"
#include "tracer/cli/engine_library.h"
#include "tracer/cli/feature_source.h"
#include "tracer/cli/intervention_options.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/machine_options.h"
#include "tracer/cli/prompt_arguments.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/standard_output.h"
#include "tracer/cli/warnings.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit intervene --prompt 'le contraire de petit est' --set '4_436_-1=0'
  circuit intervene --prompt 'le contraire de petit est' --set '4_436_-1=x2' --constrained 0..5
  circuit intervene --prompt 'le contraire de petit est' --swap-from 'le contraire de grand est'
  circuit intervene --model MODEL --sae SAE --prompt 'Dallas is in' --set '12_404_*=x4' --json

What a feature writes changes by (value - activation) times its decoder; everything behind it reacts.
An edit sees the effect of those before it.)";

struct InterveneCommand {
  InterveneRequest request;
  FeatureSource source;
  MachineOptions machine;
  PromptArguments prompt;
  InterventionArguments changes;
  bool json = false;
  const CLI::App* parsed = nullptr;
};

void add_options(CLI::App& command, InterveneCommand& intervene) {
  InterventionOptions& options = intervene.request.options;
  add_feature_source(command, intervene.source);
  add_prompt_arguments(command, intervene.prompt, "The text whose next token is looked at");
  add_intervention_options(command, intervene.changes);
  command
      .add_option("--zero-positions", options.zero_positions,
                  "First positions without features; default: 1, or 4 for chats of Gemma 3")
      ->type_name("N")
      ->group("Change");
  command.add_option("--top", options.top, "Tokens of each side")
      ->capture_default_str()
      ->group("Output");
  command.add_flag("--json", intervene.json, "Print one JSON object")->group("Output");
  add_machine_options(command, intervene.machine);
}

void check(InterveneCommand& intervene) {
  check_feature_source(intervene.source, /*features_needed=*/!intervene.changes.edits.empty());
  check_prompt_arguments(*intervene.parsed, intervene.prompt);
  check_intervention_options(intervene.changes);
  if (!intervene.changes.any()) {
    throw std::invalid_argument("nothing to change, expected --set, --steer or --swap-from");
  }
  const InterventionOptions& options = intervene.request.options;
  if (options.top < 1) {
    throw std::invalid_argument("--top is " + std::to_string(options.top) +
                                ", expected at least 1");
  }
  apply_machine_options(intervene.machine, intervene.request.load);
  intervene.request.prompt = read_prompt_arguments(*intervene.parsed, intervene.prompt);
}

std::string percent(double share) { return fixed_text(100 * share, 2) + " %"; }

std::string signed_number(double value) { return (value < 0 ? "" : "+") + fixed_text(value, 2); }

std::string report_text(const InterventionReport& report) {
  ReportTable table;
  table.add("token",
            padded_left("before", 9) + padded_left("after", 11) + padded_left("log-odds", 10));
  for (const ChangedToken& token : report.outputs) {
    table.add(in_quotes(token.token), padded_left(percent(token.before), 9) +
                                          padded_left(percent(token.after), 11) +
                                          padded_left(signed_number(token.log_odds_change), 10));
  }
  table.add("KL", fixed_text(report.kl, 3) + " nats");
  return table.text();
}

std::string report_json(const InterventionReport& report) {
  using Json = nlohmann::ordered_json;
  Json object;
  object["ids"] = report.ids;
  object["tokens"] = report.tokens;
  Json outputs = Json::array();
  for (const ChangedToken& token : report.outputs) {
    outputs.push_back({{"token", token.token},
                       {"token_id", token.id},
                       {"before", token.before},
                       {"after", token.after},
                       {"log_odds_change", number_or_null<Json>(token.log_odds_change)}});
  }
  object["outputs"] = std::move(outputs);
  object["kl"] = number_or_null<Json>(report.kl);
  return json_line(object);
}

void run(InterveneCommand& intervene) {
  apply_feature_source(intervene.source, intervene.request.load);
  ReadIntervention read = read_intervention_options(intervene.changes);
  intervene.request.options.intervention = std::move(read.intervention);
  intervene.request.transcoders_hash = std::move(read.transcoders_hash);
  const InterventionReport report = run_intervene(intervene.request);
  print(intervene.json ? report_json(report) : report_text(report));
  print_warnings(report.warnings);
}

}  // namespace

Command add_intervene(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "intervene", "Give features other values and see how the next token changes");
  const auto intervene = std::make_shared<InterveneCommand>();
  intervene->parsed = command;
  add_options(*command, *intervene);
  command->footer(kExamples);
  return {.name = "intervene",
          .check = [intervene] { check(*intervene); },
          .run = [intervene] { run(*intervene); }};
}

}  // namespace circuit::cli
