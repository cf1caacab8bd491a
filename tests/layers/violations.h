// Holds the includes of a tree against the rules.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tests/layers/rules.h"
#include "tests/layers/source_file.h"

namespace circuit::layers {

/// One line per violation, "graph/prune.h:12: …", in the order of the files.
/// `installed_headers` are paths from the root of the repository.
std::vector<std::string> find_violations(std::span<const SourceFile> files, const Rules& rules,
                                         std::span<const std::string> installed_headers);

/// The folders of a cycle of includes, first one repeated at the end; empty if there is none.
std::vector<std::string> find_folder_cycle(std::span<const SourceFile> files, const Rules& rules);

}  // namespace circuit::layers
