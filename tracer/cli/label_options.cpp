#include "tracer/cli/label_options.h"

#include <iostream>

#include <CLI/CLI.hpp>

#include "export/names/feature_labels.h"
#include "tracer/cli/failure.h"

namespace circuit::cli {

void add_labels_option(CLI::App& command, std::filesystem::path& labels, const std::string& group) {
  command
      .add_option("--labels", labels,
                  "Names of features, in place of those the graph has; JSON Lines: {\"layer\": 3, "
                  "\"feature\": 7, \"text\": \"grand\", \"source\": \"me\"}")
      ->type_name("FILE")
      ->group(group);
}

void apply_labels_option(const std::filesystem::path& labels, AttributionGraph& graph) {
  if (labels.empty() || apply_labels(read_labels(labels), graph) > 0) return;
  std::cerr << "circuit: warning: [read_labels] " << single_line(labels.string())
            << ": names none of the graph's features" << std::endl;
}

}  // namespace circuit::cli
