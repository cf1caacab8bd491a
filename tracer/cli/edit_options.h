// `--set`: features that are given other values.
#pragma once

#include <string>
#include <vector>

#include "tracer/text/feature_edit.h"

namespace CLI {
class App;
}

namespace circuit::cli {

void add_edit_options(CLI::App& command, std::vector<std::string>& edits);

/// Throws std::invalid_argument for one that cannot be read.
std::vector<FeatureEdit> parse_edits(const std::vector<std::string>& edits);

}  // namespace circuit::cli
