// The methods of values, those of Python that change nothing.
#pragma once

#include <string_view>

#include "tracer/text/jinja/arguments.h"
#include "tracer/text/jinja/run.h"
#include "tracer/text/jinja/value.h"

namespace circuit::jinja {

bool has_method(const Value& value, std::string_view name);

/// Fails for methods that change the value, which transformers refuses too.
Value call_method(Run& run, const Value& value, std::string_view name, const Arguments& arguments);

}  // namespace circuit::jinja
