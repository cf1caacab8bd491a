// What a trace explains, on the command line (docs/formats.md, Targets).
#pragma once

#include <string>
#include <vector>

#include "tracer/options.h"

namespace CLI {
class App;
}

namespace circuit::cli {

/// Texts as given; the rest is bound to TargetOptions.
struct TargetArguments {
  std::vector<std::string> features, vectors;
};

/// Both outlive the command.
void add_target_options(CLI::App& command, TargetOptions& targets, TargetArguments& arguments);

/// Fills in features and vectors, whose files are read. Throws std::invalid_argument for wrong
/// usage, std::runtime_error for a file without such a vector.
void take_target_arguments(const CLI::App& parsed, const TargetArguments& arguments,
                           TargetOptions& targets);

/// `L_F_P` or `L_F_P=WEIGHT`; P may be negative.
FeatureTarget parse_feature_target(const std::string& text);

}  // namespace circuit::cli
