// What a subcommand has to say beside its report.
#pragma once

#include <string>
#include <vector>

namespace circuit::cli {

/// To standard error, a line each.
void print_warnings(const std::vector<std::string>& warnings);

}  // namespace circuit::cli
