#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tracer/cli/command.h"
#include "tracer/cli/engine_library.h"
#include "tracer/cli/feature_source.h"
#include "tracer/cli/intervention_options.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/machine_options.h"
#include "tracer/cli/prompt_arguments.h"
#include "tracer/cli/prompt_list.h"
#include "tracer/cli/standard_output.h"
#include "tracer/cli/warnings.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit generate --prompt 'le contraire de petit est' --max-tokens 3
  circuit generate --model MODEL --user 'Name a river.' --temperature 0.7 --seed 1
  circuit generate --prompt 'the opposite of' --batch 4 --temperature 1 --max-tokens 5
  circuit generate --model MODEL --sae SAE --set '12_404_*=8' --prompt 'The weather')";

struct GenerateCommand {
  GenerateRequest request;
  FeatureSource source;
  MachineOptions machine;
  PromptArguments prompt;
  std::int64_t batch = 1;
  std::vector<ListedPrompt> list;  ///< with --prompts
  InterventionArguments changes;
  bool json = false;
  const CLI::App* parsed = nullptr;

  bool writes_many() const { return parsed->count("--batch") > 0 || has_prompt_list(*parsed); }
};

void add_options(CLI::App& command, GenerateCommand& generate) {
  GenerateOptions& options = generate.request.options;
  add_feature_source(command, generate.source);
  add_prompt_arguments(command, generate.prompt, "The text that is gone on with");
  command
      .add_option("--prompts", generate.prompt.list,
                  "Many prompts, one JSON object a line, gone on with together")
      ->type_name("FILE.jsonl")
      ->group("Prompt");
  add_intervention_options(command, generate.changes);
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
  command
      .add_option("--batch", generate.batch,
                  "Write so many texts of each prompt together; text i of all is the one that "
                  "--seed SEED+i alone gives")
      ->type_name("N")
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

void read_prompts(GenerateCommand& generate) {
  std::vector<PromptInput>& prompts = generate.request.prompts;
  prompts = {read_prompt_arguments(*generate.parsed, generate.prompt)};
  if (!has_prompt_list(*generate.parsed)) return;
  TraceRequest common;
  common.prompt = prompts.front();
  PromptList list = read_prompt_list(generate.prompt.list, common);
  print_warnings(list.warnings);
  generate.list = std::move(list.prompts);
  prompts.clear();
  for (const ListedPrompt& listed : generate.list) prompts.push_back(listed.prompt);
}

void check(GenerateCommand& generate) {
  check_feature_source(generate.source, /*features_needed=*/!generate.changes.edits.empty());
  check_prompt_arguments(*generate.parsed, generate.prompt);
  check_intervention_options(generate.changes);
  GenerateOptions& options = generate.request.options;
  if (options.max_tokens < 1) {
    throw std::invalid_argument("--max-tokens is " + std::to_string(options.max_tokens) +
                                ", expected at least 1");
  }
  if (generate.batch < 1 || generate.batch > std::numeric_limits<std::int32_t>::max()) {
    throw std::invalid_argument("--batch is " + std::to_string(generate.batch) +
                                ", expected a whole number of at least 1");
  }
  check_sampling(options.sampling);
  for (const std::string& stop : options.stop) {
    if (stop.empty()) throw std::invalid_argument("--stop is empty, expected a text");
  }
  apply_machine_options(generate.machine, generate.request.load);
  read_prompts(generate);
}

nlohmann::ordered_json stream_json(const GenerationReport& report) {
  nlohmann::ordered_json object;
  object["prompt_ids"] = report.prompt_ids;
  object["ids"] = report.ids;
  object["tokens"] = report.tokens;
  object["probabilities"] = report.probabilities;
  object["text"] = report.text;
  object["end"] = report.end;
  return object;
}

std::string report_json(const GenerationReport& report) {
  nlohmann::ordered_json object = stream_json(report);
  object["seconds"] = report.seconds;
  return json_line(object);
}

// Which text of how many it is, and what it was drawn with.
struct StreamPlace {
  const ListedPrompt* prompt = nullptr;  ///< null without --prompts
  std::int64_t sample = 0;               ///< of the prompt
  std::uint64_t seed = 0;
};

StreamPlace place_of(const GenerateCommand& generate, std::size_t stream) {
  const auto batch = static_cast<std::size_t>(generate.batch);
  return {.prompt = generate.list.empty() ? nullptr : &generate.list[stream / batch],
          .sample = static_cast<std::int64_t>(stream % batch),
          .seed = generate.request.options.sampling.seed + stream};
}

std::string batch_json(const GenerateCommand& generate,
                       const std::vector<GenerationReport>& reports) {
  nlohmann::ordered_json object;
  object["streams"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const StreamPlace place = place_of(generate, i);
    nlohmann::ordered_json stream;
    if (place.prompt != nullptr) {
      stream["id"] = place.prompt->id;
      stream["name"] = place.prompt->name;
    }
    stream["seed"] = place.seed;
    stream.update(stream_json(reports[i]));
    object["streams"].push_back(std::move(stream));
  }
  object["seconds"] = reports.empty() ? 0 : reports.front().seconds;
  return json_line(object);
}

// A heading line, the text, an empty line.
std::string batch_text(const GenerateCommand& generate,
                       const std::vector<GenerationReport>& reports) {
  std::string text;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const StreamPlace place = place_of(generate, i);
    text += "==> " + (place.prompt == nullptr ? "" : place.prompt->name + ", ") +
            std::to_string(place.sample + 1) + " of " + std::to_string(generate.batch) + ", seed " +
            std::to_string(place.seed) + " <==\n" + reports[i].text + "\n\n";
  }
  return text;
}

void run_batch(GenerateCommand& generate) {
  GenerateRequest& request = generate.request;
  if (generate.batch > 1 && request.options.sampling.temperature == 0) {
    print_warnings({"--batch without --temperature: all texts of a prompt are the same"});
  }
  request.samples = generate.batch;
  const std::vector<GenerationReport> reports = run_generate(request);
  print(generate.json ? batch_json(generate, reports) : batch_text(generate, reports));
  for (std::size_t i = 0; i < reports.size(); i += static_cast<std::size_t>(generate.batch)) {
    print_warnings(reports[i].warnings);
  }
}

void run(GenerateCommand& generate) {
  apply_feature_source(generate.source, generate.request.load);
  ReadIntervention read = read_intervention_options(generate.changes);
  generate.request.options.intervention = std::move(read.intervention);
  generate.request.transcoders_hash = std::move(read.transcoders_hash);
  if (generate.writes_many()) return run_batch(generate);
  if (!generate.json) generate.request.write = [](const std::string& piece) { print(piece); };
  const GenerationReport report = run_generate(generate.request).front();
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
