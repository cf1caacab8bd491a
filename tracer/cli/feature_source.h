// The model and the features of a subcommand that takes transcoders or an SAE; or the bundled demo.
#pragma once

#include <filesystem>

#include "tracer/options.h"

namespace CLI {
class App;
}

namespace circuit::cli {

/// What `--model`, `--transcoders` and `--sae` say; empty where not given.
struct FeatureSource {
  std::filesystem::path model, transcoders, sae;
};

void add_feature_source(CLI::App& command, FeatureSource& source);

/// Throws std::invalid_argument when what is given does not go together. `features_needed`: a model
/// alone is not enough.
void check_feature_source(const FeatureSource& source, bool features_needed);

/// Fills in the folders of `load`: those given, or the demo's where none is.
void apply_feature_source(const FeatureSource& source, LoadOptions& load);

}  // namespace circuit::cli
