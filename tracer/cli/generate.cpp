#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tracer/cli/command.h"
#include "tracer/cli/edit_options.h"
#include "tracer/cli/engine_library.h"
#include "tracer/cli/feature_source.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/machine_options.h"
#include "tracer/cli/prompt_arguments.h"
#include "tracer/cli/standard_output.h"
#include "tracer/cli/warnings.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit generate --prompt 'le contraire de petit est' --max-tokens 3
  circuit generate --model MODEL --user 'Name a river.' --temperature 0.7 --seed 1
  circuit generate --model MODEL --sae SAE --set '12_404_*=8' --prompt 'The weather')";

struct GenerateCommand {
  GenerateRequest request;
  FeatureSource source;
  MachineOptions machine;
  PromptArguments prompt;
  std::vector<std::string> edits;
  bool json = false;
  const CLI::App* parsed = nullptr;
};

void add_options(CLI::App& command, GenerateCommand& generate) {
  GenerateOptions& options = generate.request.options;
  add_feature_source(command, generate.source);
  add_prompt_arguments(command, generate.prompt, "The text that is gone on with");
  add_edit_options(command, generate.edits);
  const std::string group = "Generation";
  command.add_option("--max-tokens", options.max_tokens, "Tokens at most")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--temperature", options.sampling.temperature,
                  "0 = always the most probable token; 1 = the model's own distribution")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--top-p", options.sampling.top_p,
                  "Draw from the fewest tokens that have this share of probability")
      ->capture_default_str()
      ->group(group);
  command.add_option("--seed", options.sampling.seed, "Of what is drawn")
      ->capture_default_str()
      ->group(group);
  const CLI::callback_t take_stops = [&options](const CLI::results_t& values) {
    options.stop = values;
    return true;
  };
  command.add_option("--stop", take_stops, "A text that ends it, repeatable")
      ->type_name("TEXT")
      ->take_all()
      ->group(group);
  command.add_flag("--json", generate.json, "Print one JSON object")->group("Output");
  add_machine_options(command, generate.machine);
}

void check(GenerateCommand& generate) {
  check_feature_source(generate.source, /*features_needed=*/!generate.edits.empty());
  check_prompt_arguments(*generate.parsed, generate.prompt);
  GenerateOptions& options = generate.request.options;
  if (options.max_tokens < 1) {
    throw std::invalid_argument("--max-tokens is " + std::to_string(options.max_tokens) +
                                ", expected at least 1");
  }
  check_sampling(options.sampling);
  for (const std::string& stop : options.stop) {
    if (stop.empty()) throw std::invalid_argument("--stop is empty, expected a text");
  }
  options.edits = parse_edits(generate.edits);
  apply_machine_options(generate.machine, generate.request.load);
  generate.request.prompt = read_prompt_arguments(*generate.parsed, generate.prompt);
}

std::string report_json(const GenerationReport& report) {
  nlohmann::ordered_json object;
  object["prompt_ids"] = report.prompt_ids;
  object["ids"] = report.ids;
  object["tokens"] = report.tokens;
  object["probabilities"] = report.probabilities;
  object["text"] = report.text;
  object["end"] = report.end;
  object["seconds"] = report.seconds;
  return json_line(object);
}

void run(GenerateCommand& generate) {
  apply_feature_source(generate.source, generate.request.load);
  if (!generate.json) generate.request.write = [](const std::string& piece) { print(piece); };
  const GenerationReport report = run_generate(generate.request);
  print(generate.json ? report_json(report) : "\n");
  print_warnings(report.warnings);
}

}  // namespace

Command add_generate(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "generate",
      "Let the model go on with a prompt, with features given other values if you like");
  const auto generate = std::make_shared<GenerateCommand>();
  generate->parsed = command;
  add_options(*command, *generate);
  command->footer(kExamples);
  return {.name = "generate",
          .check = [generate] { check(*generate); },
          .run = [generate] { run(*generate); }};
}

}  // namespace circuit::cli
