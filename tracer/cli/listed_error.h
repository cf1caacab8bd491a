// How a prompt of a list that failed is told to programs.
#pragma once

#include <string>

#include "tracer/cli/engine.h"

namespace circuit::cli {

/// `{"id":…,"name":…,"line":…,"error":…}` and a line break.
std::string listed_error_json(const ListedPrompt& prompt, const std::string& error);

}  // namespace circuit::cli
