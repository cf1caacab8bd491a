#include "tracer/cli/feature_source.h"

#include <stdexcept>

#include <CLI/CLI.hpp>

#include "tracer/cli/model_folders.h"

namespace circuit::cli {

void add_feature_source(CLI::App& command, FeatureSource& source) {
  command
      .add_option("--model", source.model,
                  "Hugging Face directory or GGUF file; without it the bundled demo")
      ->type_name("DIR|FILE")
      ->group("Model");
  command.add_option("--transcoders", source.transcoders, "Transcoders made for this model")
      ->type_name("DIR")
      ->group("Model");
  command.add_option("--sae", source.sae, "Or a sparse autoencoder made for this model")
      ->type_name("DIR")
      ->group("Model");
}

void check_feature_source(const FeatureSource& source, bool features_needed) {
  if (!source.transcoders.empty() && !source.sae.empty()) {
    throw std::invalid_argument("--transcoders and --sae, expected one of them");
  }
  const bool features = !source.transcoders.empty() || !source.sae.empty();
  if (source.model.empty() && features) {
    throw std::invalid_argument(std::string(source.sae.empty() ? "--transcoders" : "--sae") +
                                " is given without --model");
  }
  if (features_needed && !source.model.empty() && !features) {
    throw std::invalid_argument(
        "--model is given without features, expected --transcoders DIR or --sae DIR");
  }
}

void apply_feature_source(const FeatureSource& source, LoadOptions& load) {
  load.sae = source.sae;
  if (!source.model.empty()) {
    load.model = source.model;
    load.transcoders = source.transcoders;
    return;
  }
  const ModelFolders demo = or_demo({});
  load.model = demo.model;
  load.transcoders = demo.transcoders;
}

}  // namespace circuit::cli
