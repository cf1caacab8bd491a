#include <limits>
#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "tracer/cli/command.h"
#include "tracer/cli/engine_library.h"
#include "tracer/cli/fetch_list.h"
#include "tracer/cli/graph_input.h"
#include "tracer/cli/inspect_report.h"
#include "tracer/cli/model_folders.h"
#include "tracer/cli/standard_output.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit inspect
  circuit inspect --model MODEL --transcoders CLT
  circuit inspect --sae SAE --model MODEL
  circuit inspect small.graph.safetensors --json
  circuit inspect --fetch-list                   public transcoders, and how to download them)";

struct InspectCommand {
  std::filesystem::path graph;
  ModelFolders folders;
  std::filesystem::path sae;
  bool full_hash = false;
  bool dead_rows = false;
  const CLI::Option* fetch_option = nullptr;  ///< may be given without a value
  std::string fetch;
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
  command.add_option("--sae", inspect.sae, "Directory of a sparse autoencoder")
      ->type_name("DIR")
      ->group("Model");
  command
      .add_flag("--dead-rows", inspect.dead_rows,
                "Count features that can never do anything in weights of any size; without it up "
                "to 4 GiB")
      ->group("Model");
  command.add_flag("--json", inspect.json, "Print the report as one JSON object")->group("Output");
  inspect.fetch_option =
      command
          .add_option("--fetch-list", inspect.fetch,
                      "Print how to download a public set of transcoders, or the files that a "
                      "directory's config.yaml lists; without a value, which sets there are")
          ->type_name("NAME|DIR")
          ->expected(0, 1)
          ->group("Download");
}

Inspection look(const InspectCommand& inspect) {
  Inspection inspection{.engine = {}, .graph = {}, .full_hash = inspect.full_hash};
  if (!inspect.graph.empty()) inspection.graph = read_graph(inspect.graph).file;
  ModelFolders folders = inspect.folders;
  if (inspect.graph.empty() && inspect.sae.empty()) folders = or_demo(folders);
  if (!folders.none_given() || !inspect.sae.empty()) {
    DescribeOptions options{.full_hash = inspect.full_hash};
    if (inspect.dead_rows) options.counted_bytes = std::numeric_limits<std::int64_t>::max();
    inspection.engine = run_inspect({.model = folders.model,
                                     .transcoders = folders.transcoders,
                                     .sae = inspect.sae,
                                     .options = options});
  }
  return inspection;
}

void run(const InspectCommand& inspect) {
  if (inspect.fetch_option->count() > 0) {
    print(inspect.json ? fetch_list_json(inspect.fetch) : fetch_list_text(inspect.fetch));
    return;
  }
  const Inspection inspection = look(inspect);
  print(inspect.json ? inspection_json(inspection) : inspection_text(inspection));
  const std::string misfit = find_misfit(inspection);
  if (!misfit.empty()) throw std::runtime_error("[inspect] " + misfit);
}

}  // namespace

Command add_inspect(CLI::App& program) {
  CLI::App* const command = program.add_subcommand(
      "inspect",
      "What a model, transcoders, an SAE or a saved graph hold, and whether they fit together");
  const auto inspect = std::make_shared<InspectCommand>();
  add_options(*command, *inspect);
  command->footer(kExamples);
  return {.name = "inspect", .check = [] {}, .run = [inspect] { run(*inspect); }};
}

}  // namespace circuit::cli
