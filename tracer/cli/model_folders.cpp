#include "tracer/cli/model_folders.h"

#include <array>
#include <stdexcept>
#include <string>

#include <CLI/CLI.hpp>

#include "tracer/cli/program_folder.h"

namespace circuit::cli {

void add_model_options(CLI::App& command, ModelFolders& folders) {
  command
      .add_option("--model", folders.model,
                  "Hugging Face directory (config.json, tokenizer.json, safetensors) or GGUF file; "
                  "without it the bundled demo")
      ->type_name("DIR|FILE")
      ->group("Model");
  command
      .add_option("--transcoders", folders.transcoders,
                  "Transcoder directory (config.yaml, safetensors) made for this model")
      ->type_name("DIR")
      ->group("Model");
}

void require_both_or_none(const ModelFolders& folders) {
  if (folders.model.empty() == folders.transcoders.empty()) return;
  throw std::invalid_argument(folders.model.empty()
                                  ? "--transcoders is given without --model; expected both, or "
                                    "neither for the bundled demo"
                                  : "--model is given without --transcoders; expected both, or "
                                    "neither for the bundled demo");
}

std::filesystem::path find_demo() {
  const std::array<std::filesystem::path, 2> places = {
      (program_folder() / "../share/circuit/demo").lexically_normal(), CIRCUIT_SOURCE_DEMO};
  for (const auto& place : places) {
    if (std::filesystem::exists(place / "model/config.json")) return place;
  }
  throw std::runtime_error("[find_demo] the bundled demo is neither in " + places[0].string() +
                           " nor in " + places[1].string() +
                           "; give --model DIR --transcoders DIR");
}

ModelFolders or_demo(const ModelFolders& folders) {
  if (!folders.none_given()) return folders;
  const std::filesystem::path demo = find_demo();
  return {.model = demo / "model", .transcoders = demo / "clt"};
}

}  // namespace circuit::cli
