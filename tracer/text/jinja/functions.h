// The functions that every template may call.
#pragma once

#include <string_view>

#include "tracer/text/jinja/arguments.h"
#include "tracer/text/jinja/run.h"
#include "tracer/text/jinja/value.h"

namespace circuit::jinja {

/// `strftime_now` is one only when the run has a date.
bool is_function(const Run& run, std::string_view name);
Value call_function(Run& run, std::string_view name, const Arguments& arguments);

}  // namespace circuit::jinja
