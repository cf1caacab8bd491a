// How `--help` looks: lines of at most 100 characters.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace circuit::cli {

void use_help_format(CLI::App& app);

/// The help of the subcommand that was chosen, or of the program.
std::string help_text(const CLI::App& program);

}  // namespace circuit::cli
