// The program's result on standard output.
#pragma once

#include <string_view>

namespace circuit::cli {

/// Prints and flushes `text`. Throws std::runtime_error `[print] …` when it cannot be written (a
/// full disk, a closed pipe).
void print(std::string_view text);

}  // namespace circuit::cli
