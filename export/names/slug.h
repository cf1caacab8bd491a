// Names of output files made from prompts.
#pragma once

#include <string>
#include <string_view>

namespace circuit {

/// `text` as a file name of [A-Za-z0-9_.-], at most 60 characters: every run of others becomes one
/// `-`; none at the ends, no leading dot; `graph` when nothing is left.
std::string slug(std::string_view text);

/// Throws std::invalid_argument `[name] …` unless `name` holds 1 to 60 of [A-Za-z0-9_.-], does not
/// begin with a dot and is not the name of the index of graphs.
void check_name(std::string_view name);

}  // namespace circuit
