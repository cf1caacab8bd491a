#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "export/text/output_text.h"
#include "tracer/cli/command.h"
#include "tracer/cli/engine_library.h"
#include "tracer/cli/feature_source.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/machine_options.h"
#include "tracer/cli/prompt_arguments.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/standard_output.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit features active --prompt 'le contraire de petit est'
  circuit features active --model MODEL --sae SAE --prompt-file text.txt --top 3 --json
  circuit features active --model MODEL --transcoders CLT --layer 4 --layer 5 --user 'Hello')";

struct ActiveCommand {
  ActiveFeaturesRequest request;
  FeatureSource source;
  MachineOptions machine;
  PromptArguments prompt;
  bool no_names = false;
  bool json = false;
  const CLI::App* parsed = nullptr;
};

void add_options(CLI::App& command, ActiveCommand& active) {
  ActiveFeaturesOptions& options = active.request.options;
  add_feature_source(command, active.source);
  add_prompt_arguments(command, active.prompt, "The text that is read");
  command
      .add_option("--zero-positions", options.zero_positions,
                  "First positions that are left out; default: 1, or 4 for chats of Gemma 3")
      ->type_name("N")
      ->group("Features");
  command.add_option("--top", options.top, "Features of each token, the strongest; 0 = all")
      ->capture_default_str()
      ->group("Features");
  command.add_option("--layer", options.layers, "Only features of this layer, repeatable")
      ->type_name("L")
      ->group("Features");
  command.add_flag("--no-names", active.no_names, "Without the tokens that a feature pushes up")
      ->group("Features");
  command.add_flag("--json", active.json, "Print one JSON object")->group("Output");
  add_machine_options(command, active.machine);
}

void check(ActiveCommand& active) {
  check_feature_source(active.source, /*features_needed=*/true);
  check_prompt_arguments(*active.parsed, active.prompt);
  ActiveFeaturesOptions& options = active.request.options;
  if (options.top < 0) {
    throw std::invalid_argument("--top is " + std::to_string(options.top) + ", expected 0 or more");
  }
  if (options.zero_positions && *options.zero_positions < 0) {
    throw std::invalid_argument("--zero-positions is " + std::to_string(*options.zero_positions) +
                                ", expected 0 or more");
  }
  options.names = !active.no_names;
  apply_machine_options(active.machine, active.request.load);
  active.request.prompt = read_prompt_arguments(*active.parsed, active.prompt);
}

std::string feature_text(const ActiveFeaturesReport& report, std::size_t i) {
  const FiringFeature& f = report.features[i];
  const std::string node = "L" + std::to_string(f.layer) + "/" + std::to_string(f.feature);
  return padded(node, 10) + padded_left(fixed_text(f.activation, 2), 9) +
         (report.names.empty() ? "" : "  " + one_line(report.names[i]));
}

std::string report_text(const ActiveFeaturesReport& report) {
  ReportTable table;
  std::size_t next = 0;
  for (std::size_t position = 0; position < report.tokens.size(); ++position) {
    std::vector<std::string> lines;
    while (next < report.features.size() &&
           report.features[next].position == static_cast<std::int64_t>(position)) {
      lines.push_back(feature_text(report, next++));
    }
    if (lines.empty()) lines.emplace_back("-");
    table.add_lines(std::to_string(position) + " " + in_quotes(report.tokens[position]), lines);
  }
  return table.text();
}

std::string report_json(const ActiveFeaturesReport& report) {
  using Json = nlohmann::ordered_json;
  Json object;
  object["ids"] = report.ids;
  object["tokens"] = report.tokens;
  Json layers = Json::array();
  for (std::size_t i = 0; i < report.layers.size(); ++i) {
    layers.push_back({{"layer", report.layers[i]}, {"active", report.counts[i]}});
  }
  object["layers"] = std::move(layers);
  Json features = Json::array();
  for (std::size_t i = 0; i < report.features.size(); ++i) {
    const FiringFeature& f = report.features[i];
    Json one = {{"position", f.position},
                {"layer", f.layer},
                {"feature", f.feature},
                {"activation", f.activation}};
    if (!report.names.empty()) one["name"] = report.names[i];
    features.push_back(std::move(one));
  }
  object["features"] = std::move(features);
  return json_line(object);
}

void run(ActiveCommand& active) {
  apply_feature_source(active.source, active.request.load);
  const ActiveFeaturesReport report = run_active_features(active.request);
  print(active.json ? report_json(report) : report_text(report));
}

}  // namespace

Command add_features_active(CLI::App& features) {
  CLI::App* const command =
      features.add_subcommand("active", "The features that fire on a text, token by token");
  const auto active = std::make_shared<ActiveCommand>();
  active->parsed = command;
  add_options(*command, *active);
  command->footer(kExamples);
  return {.name = "features active",
          .check = [active] { check(*active); },
          .run = [active] { run(*active); }};
}

}  // namespace circuit::cli
