#include "tracer/cli/prune_options.h"

#include <algorithm>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "export/text/output_text.h"

namespace circuit::cli {
namespace {

constexpr const char* kOptions[] = {"--node-threshold", "--edge-threshold", "--max-nodes",
                                    "--keep-errors", "--edges-per-target"};

}  // namespace

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
  command
      .add_option("--max-nodes", options.max_nodes,
                  "Keep so many features and errors at most, the most influential, instead of a "
                  "share; 0: no such limit")
      ->capture_default_str()
      ->group(group);
  command
      .add_flag("--keep-errors", options.keep_errors,
                "Cut no error for its small influence, as the attribution-graphs paper does")
      ->group(group);
  command
      .add_flag_callback(
          "--edges-per-target", [&options] { options.edge_rule = EdgeRule::kPerTarget; },
          "Let --edge-threshold be a share of each node's own input")
      ->group(group);
}

bool prune_options_given(const CLI::App& command) {
  return std::ranges::any_of(kOptions,
                             [&](const char* option) { return command.count(option) > 0; });
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
