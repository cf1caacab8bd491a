// What stands behind `|`.
#pragma once

#include <optional>
#include <string_view>

#include "tracer/text/jinja/arguments.h"
#include "tracer/text/jinja/run.h"
#include "tracer/text/jinja/value.h"

namespace circuit::jinja {

/// Fails for filters that are not supported.
Value apply_filter(Run& run, std::string_view name, const Value& value, const Arguments& arguments);

/// Filters of lists, and those of texts and other values; nothing for a name that is none of them.
std::optional<Value> apply_list_filter(Run& run, std::string_view name, const Value& value,
                                       const Arguments& arguments);
std::optional<Value> apply_text_filter(Run& run, std::string_view name, const Value& value,
                                       const Arguments& arguments);

/// `value.a.b` of "a.b", as `attribute=` of filters means it.
Value get_path(Run& run, const Value& value, const Value& path);

}  // namespace circuit::jinja
