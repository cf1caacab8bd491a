// Reads a whole template.
#pragma once

#include <string_view>

#include "tracer/text/jinja/syntax.h"

namespace circuit::jinja {

/// `name` is for messages. Throws std::runtime_error `[chat_template] NAME:LINE: …` for what is no
/// template, for statements that are not supported, and for what is nested too deep.
Block parse_template(std::string_view source, std::string_view name);

}  // namespace circuit::jinja
