// `--labels FILE`: names of features from a file, in place of those that a graph has.
#pragma once

#include <filesystem>
#include <string>

#include "graph/attribution_graph.h"

namespace CLI {
class App;
}

namespace circuit::cli {

void add_labels_option(CLI::App& command, std::filesystem::path& labels, const std::string& group);

/// Applies the labels of the file to the graph; nothing when none was given. Says on standard error
/// when the file names none of its features. Throws as `read_labels` does.
void apply_labels_option(const std::filesystem::path& labels, AttributionGraph& graph);

}  // namespace circuit::cli
