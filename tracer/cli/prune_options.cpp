#include "tracer/cli/prune_options.h"

#include <stdexcept>

#include <CLI/CLI.hpp>

#include "export/output_text.h"

namespace circuit::cli {

void add_prune_options(CLI::App& command, PruneOptions& options, const std::string& group) {
  command
      .add_option("--node-threshold", options.node_threshold,
                  "Share of all influence that kept nodes cover, 0 to 1")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--edge-threshold", options.edge_threshold,
                  "Share of all edge scores that kept edges cover, 0 to 1")
      ->capture_default_str()
      ->group(group);
}

bool prune_options_given(const CLI::App& command) {
  return command.count("--node-threshold") > 0 || command.count("--edge-threshold") > 0;
}

void check_share(const std::string& option, double value) {
  if (value >= 0.0 && value <= 1.0) return;
  throw std::invalid_argument(option + " is " +
                              (value - value == 0 ? number_text(value) : std::to_string(value)) +
                              ", expected a number in [0, 1]");
}

void check_prune_options(const PruneOptions& options) {
  check_share("--node-threshold", options.node_threshold);
  check_share("--edge-threshold", options.edge_threshold);
}

}  // namespace circuit::cli
