#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "tracer/cli/command.h"
#include "tracer/cli/engine_library.h"
#include "tracer/cli/graph_input.h"
#include "tracer/cli/inspect_report.h"
#include "tracer/cli/model_folders.h"
#include "tracer/cli/standard_output.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit inspect
  circuit inspect --model MODEL --transcoders CLT
  circuit inspect small.graph.safetensors --json)";

struct InspectCommand {
  std::filesystem::path graph;
  ModelFolders folders;
  bool full_hash = false;
  bool json = false;
};

void add_options(CLI::App& command, InspectCommand& inspect) {
  add_graph_argument(command, inspect.graph);
  add_model_options(command, inspect.folders);
  command
      .add_flag("--full-hash", inspect.full_hash,
                "Hash every byte of the weights instead of samples; graph files hold the other "
                "hash")
      ->group("Model");
  command.add_flag("--json", inspect.json, "Print the report as one JSON object")->group("Output");
}

Inspection look(const InspectCommand& inspect) {
  Inspection inspection{.engine = {}, .graph = {}, .full_hash = inspect.full_hash};
  if (!inspect.graph.empty()) inspection.graph = read_graph_file(inspect.graph);
  ModelFolders folders = inspect.folders;
  if (inspect.graph.empty()) folders = or_demo(folders);
  if (!folders.none_given()) {
    inspection.engine = run_inspect({.model = folders.model,
                                     .transcoders = folders.transcoders,
                                     .full_hash = inspect.full_hash});
  }
  return inspection;
}

void run(const InspectCommand& inspect) {
  const Inspection inspection = look(inspect);
  print(inspect.json ? inspection_json(inspection) : inspection_text(inspection));
  const std::string misfit = find_misfit(inspection);
  if (!misfit.empty()) throw std::runtime_error("[inspect] " + misfit);
}

}  // namespace

Command add_inspect(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "inspect", "What a model, transcoders or a saved graph hold, and whether they fit together");
  const auto inspect = std::make_shared<InspectCommand>();
  add_options(*command, *inspect);
  command->footer(kExamples);
  return {.name = "inspect", .check = [] {}, .run = [inspect] { run(*inspect); }};
}

}  // namespace circuit::cli
