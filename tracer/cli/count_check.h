// Counts on the command line: CLI11 would wrap negative and too large ones around.
#pragma once

#include <string>

namespace circuit::cli {

/// For CLI::Option::check: empty for a whole number from 0 to 2^64 - 1 and for what is no number at
/// all (which conversion tells of), else what is wrong.
std::string count_complaint(const std::string& text);

}  // namespace circuit::cli
