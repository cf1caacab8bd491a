// A day as text, in English.
#pragma once

#include <string>
#include <string_view>

#include "tracer/text/jinja/run.h"

namespace circuit::jinja {

/// Python's strftime of the run's date at midnight, in the C locale. Fails for what is no %-code.
std::string date_text(Run& run, std::string_view format);

}  // namespace circuit::jinja
