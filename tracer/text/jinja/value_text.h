// Values as texts: what Python's str and repr give, and JSON.
#pragma once

#include <string>
#include <string_view>

#include "tracer/text/jinja/run.h"
#include "tracer/text/jinja/value.h"

namespace circuit::jinja {

/// Python's str; a text keeps its marks, undefined is empty.
MarkedText to_text(Run& run, const Value& value);

/// Python's repr of a float: 0.5, 1e-05, 3.0.
std::string float_text(double number);

struct JsonStyle {
  int indent = -1;  ///< spaces a level; negative = all on one line
  bool is_ascii = false;
  bool sorts_keys = false;
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

/// Python's json.dumps. Fails for what has no JSON.
std::string to_json(Run& run, const Value& value, const JsonStyle& style);

}  // namespace circuit::jinja
