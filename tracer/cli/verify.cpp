#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "export/text/output_text.h"
#include "tracer/cli/command.h"
#include "tracer/cli/engine_library.h"
#include "tracer/cli/graph_input.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/machine_options.h"
#include "tracer/cli/model_folders.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/score_text.h"
#include "tracer/cli/standard_output.h"
#include "tracer/cli/validity_report.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit verify small.graph.safetensors
  circuit verify france.graph.safetensors --model MODEL --transcoders CLT --samples 1000
  circuit verify small.graph.safetensors --validity --features 300

Exactness: a graph that passes says exactly what the model does while its attention patterns, norm
scales and MLP errors are frozen. Validity is another question: whether the model, with features
ablated and doubled, moves as the graph says. It is measured with --validity and has no pass mark.)";

constexpr double kLargestError = 1e-4;
constexpr const char* kMeaning =
    "exactness under frozen attention and norms, not validity of an explanation";

struct VerifyCommand {
  std::filesystem::path graph;
  ModelFolders folders;
  std::int64_t samples = 200;
  std::uint64_t seed = 0;
  bool validity = false;
  std::int64_t features = 200;
  MachineOptions machine;
  bool json = false;
};

void add_options(CLI::App& command, VerifyCommand& verify) {
  add_graph_argument(command, verify.graph);
  add_model_options(command, verify.folders);
  command.add_option("--samples", verify.samples, "Random sources that are perturbed, one by one")
      ->capture_default_str()
      ->group("Exactness");
  command
      .add_flag("--validity", verify.validity,
                "Also measure how the model moves when features are ablated and doubled")
      ->group("Validity");
  command
      .add_option("--features", verify.features,
                  "Features that are changed one by one, as many from each tenth by influence")
      ->capture_default_str()
      ->group("Validity");
  command.add_option("--seed", verify.seed, "Of the choice of sources and of features")
      ->capture_default_str()
      ->group("Chance");
  command.add_flag("--json", verify.json, "Print the report as one JSON object")->group("Output");
  add_machine_options(command, verify.machine, /*with_dtype=*/false);
}

void check(const VerifyCommand& verify) {
  require_graph(verify.graph);
  require_both_or_none(verify.folders);
  check_machine_options(verify.machine);
  constexpr std::int64_t kMost = 1'000'000;
  const auto check_count = [](const char* option, std::int64_t count) {
    if (count >= 1 && count <= kMost) return;
    throw std::invalid_argument(std::string(option) + " is " + std::to_string(count) +
                                ", expected 1 to " + std::to_string(kMost));
  };
  check_count("--samples", verify.samples);
  check_count("--features", verify.features);
}

/// Empty when the graph passes.
std::string find_failure(const VerifyReport& report) {
  const Verification& predictions = report.predictions;
  const std::string expected = ", expected at most " + error_text(kLargestError);
  if (!report.closure_error) return "the graph holds no row totals, expected them for its closure";
  if (!(*report.closure_error <= kLargestError)) {
    return "closure error " + error_text(*report.closure_error) + expected;
  }
  if (!(predictions.largest_error <= kLargestError)) {
    return "a prediction is off by " + error_text(predictions.largest_error) + " at " +
           predictions.worst + expected;
  }
  return {};
}

std::string report_text(const VerifyReport& report, const std::string& failure) {
  const Verification& predictions = report.predictions;
  ReportTable table;
  table.add("exactness", "predictions of the graph against the model with everything frozen");
  table.add("closure", closure_text(report.closure_error));
  table.add("predictions", error_text(predictions.largest_error) + " of a row at most, over " +
                               count_text(static_cast<std::size_t>(predictions.perturbed_sources)) +
                               " perturbed sources and " +
                               count_text(static_cast<std::size_t>(predictions.checked_edges)) +
                               " edges");
  if (!predictions.worst.empty()) table.add("worst", one_line(predictions.worst));
  table.add("result", std::string(failure.empty() ? "passed" : "failed") + " (limit " +
                          error_text(kLargestError) + "): " + kMeaning);
  return table.text() + (report.validity ? "\n" + validity_text(*report.validity) : "");
}

std::string report_json(const VerifyReport& report, const std::string& failure) {
  using Json = nlohmann::ordered_json;
  Json object;
  object["closure_error"] = number_or_null<Json>(report.closure_error);
  object["largest_prediction_error"] = number_or_null<Json>(report.predictions.largest_error);
  object["worst"] = report.predictions.worst;
  object["perturbed_sources"] = report.predictions.perturbed_sources;
  object["checked_edges"] = report.predictions.checked_edges;
  object["limit"] = kLargestError;
  object["passed"] = failure.empty();
  object["meaning"] = kMeaning;
  if (report.validity) object["validity"] = validity_object<Json>(*report.validity);
  return json_line(object);
}

void run(const VerifyCommand& verify) {
  const ComputeType dtype = compute_type_of(read_graph_file(verify.graph).graph);
  const ModelFolders folders = or_demo(verify.folders);
  LoadOptions load;
  apply_machine_options(verify.machine, load);
  load.model = folders.model;
  load.transcoders = folders.transcoders;
  load.dtype = dtype;
  const VerifyReport report =
      run_verify({.load = load,
                  .graph = verify.graph,
                  .samples = verify.samples,
                  .seed = verify.seed,
                  .validity_features = verify.validity ? verify.features : 0});
  const std::string failure = find_failure(report);
  print(verify.json ? report_json(report, failure) : report_text(report, failure));
  if (!failure.empty()) throw std::runtime_error("[verify] " + failure);
}

}  // namespace

Command add_verify(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "verify", "Check a saved graph's numbers against the model it was made with");
  const auto verify = std::make_shared<VerifyCommand>();
  add_options(*command, *verify);
  command->footer(kExamples);
  return {
      .name = "verify", .check = [verify] { check(*verify); }, .run = [verify] { run(*verify); }};
}

}  // namespace circuit::cli
