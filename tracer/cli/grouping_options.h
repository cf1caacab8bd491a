// `--by` and its thresholds.
#pragma once

#include <string>
#include <string_view>

#include "graph/node_groups.h"

namespace CLI {
class App;
}

namespace circuit::cli {

/// `--min-similarity`, `--min-shared`, `--min-members`, in `group` of the help.
void add_grouping_options(CLI::App& command, GroupingOptions& options, const std::string& group);

/// Sets what `list` names: some of feature, similarity, neighbours, layer, position, separated by
/// commas. Throws std::invalid_argument for another name, or feature with position.
void parse_criteria(std::string_view list, GroupingOptions& options);

/// Throws std::invalid_argument for thresholds that are out of range.
void check_grouping_options(const GroupingOptions& options);

}  // namespace circuit::cli
