#include <cmath>
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
#include "tracer/cli/progress_line.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/standard_output.h"
#include "tracer/text/documents.h"
#include "tracer/text/prompt.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit evaluate --text examples/demo/prompts.jsonl
  circuit evaluate --model MODEL --sae SAE --text heldout.jsonl --max-tokens 50000 --json

FVU is the share of the variance that is not explained, L0 the features that fire at a position, dead
are those that fire nowhere in the text, dense those that fire at more than a tenth of it. The model
with everything replaced by its reconstruction stands beside the model itself.)";

struct EvaluateCommand {
  EvaluateRequest request;
  FeatureSource source;
  MachineOptions machine;
  std::vector<std::filesystem::path> texts;
  bool json = false;
};

void add_options(CLI::App& command, EvaluateCommand& evaluate) {
  QualityOptions& options = evaluate.request.options;
  add_feature_source(command, evaluate.source);
  command
      .add_option("--text", evaluate.texts,
                  "Held-out text, repeatable: .txt files (one text each), .jsonl files (one "
                  "{\"text\"} or {\"prompt\"} a line), or folders of them")
      ->type_name("FILE|DIR")
      ->group("Text");
  command
      .add_option("--context", options.context,
                  "Tokens that are read together; longer texts are "
                  "cut into pieces")
      ->capture_default_str()
      ->group("Text");
  command.add_option("--max-tokens", options.max_tokens, "Read no more than this; 0 = all")
      ->capture_default_str()
      ->group("Text");
  command
      .add_option("--bos", options.bos, "Special token at the start of each piece: none, or its id")
      ->type_name("ID|none")
      ->group("Text");
  command
      .add_option("--zero-positions", options.zero_positions,
                  "First positions of each piece that are left out")
      ->type_name("N")
      ->capture_default_str()
      ->group("Text");
  command.add_flag("--json", evaluate.json, "Print one JSON object")->group("Output");
  add_machine_options(command, evaluate.machine);
}

void check_at_least(const char* option, std::int64_t value, std::int64_t least) {
  if (value >= least) return;
  throw std::invalid_argument(std::string(option) + " is " + std::to_string(value) +
                              ", expected at least " + std::to_string(least));
}

void check(EvaluateCommand& evaluate) {
  check_feature_source(evaluate.source, /*features_needed=*/true);
  if (evaluate.texts.empty()) {
    throw std::invalid_argument("no text, expected --text FILE or --text DIR");
  }
  const QualityOptions& options = evaluate.request.options;
  check_at_least("--context", options.context, 2);
  check_at_least("--max-tokens", options.max_tokens, 0);
  check_at_least("--zero-positions", options.zero_positions, 0);
  if (!options.bos.empty()) parse_bos(options.bos);
  apply_machine_options(evaluate.machine, evaluate.request.load);
  evaluate.request.texts = read_documents(evaluate.texts);
}

std::string share_text(double value) {
  return std::isfinite(value) ? fixed_text(value, 3) : "unknown";
}

std::string report_text(const Quality& quality) {
  std::string text = "layer       FVU        L0      dead     dense\n";
  for (const LayerQuality& layer : quality.layers) {
    text += padded(std::to_string(layer.layer), 5) + padded_left(share_text(layer.fvu), 10) +
            padded_left(fixed_text(layer.l0, 3), 10) +
            padded_left(count_text(static_cast<std::size_t>(layer.dead)), 10) +
            padded_left(count_text(static_cast<std::size_t>(layer.dense)), 10) + "\n";
  }
  const ReplacedQuality& replaced = quality.replaced;
  ReportTable table;
  table.add("text", count_text(static_cast<std::size_t>(quality.positions)) + " positions in " +
                        count_text(static_cast<std::size_t>(quality.windows)) + " pieces");
  table.add("cross-entropy", fixed_text(replaced.cross_entropy_model, 3) +
                                 " nats a token, replaced " +
                                 fixed_text(replaced.cross_entropy_replaced, 3));
  table.add("replaced", "same most probable token at " + fixed_text(100 * replaced.agreement, 1) +
                            " % of the positions, KL " + fixed_text(replaced.kl, 3) + " nats");
  return text + "\n" + table.text();
}

std::string report_json(const Quality& quality) {
  using Json = nlohmann::ordered_json;
  Json object;
  object["positions"] = quality.positions;
  object["windows"] = quality.windows;
  Json layers = Json::array();
  for (const LayerQuality& layer : quality.layers) {
    layers.push_back({{"layer", layer.layer},
                      {"fvu", number_or_null<Json>(layer.fvu)},
                      {"l0", layer.l0},
                      {"dead", layer.dead},
                      {"dense", layer.dense}});
  }
  object["layers"] = std::move(layers);
  const ReplacedQuality& replaced = quality.replaced;
  object["cross_entropy_model"] = number_or_null<Json>(replaced.cross_entropy_model);
  object["cross_entropy_replaced"] = number_or_null<Json>(replaced.cross_entropy_replaced);
  object["agreement"] = number_or_null<Json>(replaced.agreement);
  object["kl"] = number_or_null<Json>(replaced.kl);
  return json_line(object);
}

void run(EvaluateCommand& evaluate) {
  apply_feature_source(evaluate.source, evaluate.request.load);
  ProgressLine line(evaluate.machine.quiet);
  evaluate.request.progress = [&line](const std::string& stage, std::int64_t done,
                                      std::int64_t total) { line.update(stage, done, total); };
  const Quality quality = run_evaluate(evaluate.request);
  line.clear();
  print(evaluate.json ? report_json(quality) : report_text(quality));
}

}  // namespace

Command add_evaluate(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "evaluate", "How well transcoders or an SAE explain their model on a text");
  const auto evaluate = std::make_shared<EvaluateCommand>();
  add_options(*command, *evaluate);
  command->footer(kExamples);
  return {.name = "evaluate",
          .check = [evaluate] { check(*evaluate); },
          .run = [evaluate] { run(*evaluate); }};
}

}  // namespace circuit::cli
