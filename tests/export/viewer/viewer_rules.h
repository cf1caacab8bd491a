// What the viewers of graph JSON need of a file, replayed from how they load it.
#pragma once

#include <string>
#include <vector>

namespace circuit::testing {

/// One sentence for every rule that `json` breaks; empty when all viewers open it.
std::vector<std::string> broken_viewer_rules(const std::string& json);

}  // namespace circuit::testing
