// The model and the transcoders that a subcommand works on: given, or the bundled demo.
#pragma once

#include <filesystem>

namespace CLI {
class App;
}

namespace circuit::cli {

/// What `--model` and `--transcoders` say; empty where not given.
struct ModelFolders {
  std::filesystem::path model;
  std::filesystem::path transcoders;

  bool none_given() const { return model.empty() && transcoders.empty(); }
};

void add_model_options(CLI::App& command, ModelFolders& folders);

/// Throws std::invalid_argument when one of the two is given without the other.
void require_both_or_none(const ModelFolders& folders);

/// The folder of the bundled demo, which holds `model` and `clt`: `../share/circuit/demo` from the
/// program, else that of the source tree. Throws std::runtime_error when it is in neither.
std::filesystem::path find_demo();

/// What was given, or the demo's where nothing was.
ModelFolders or_demo(const ModelFolders& folders);

}  // namespace circuit::cli
