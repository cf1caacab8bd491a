// What stands behind `is`.
#pragma once

#include <string_view>

#include "tracer/text/jinja/arguments.h"
#include "tracer/text/jinja/run.h"
#include "tracer/text/jinja/value.h"

namespace circuit::jinja {

/// Fails for tests that are not supported.
bool apply_test(Run& run, std::string_view name, const Value& value, const Arguments& arguments);

}  // namespace circuit::jinja
