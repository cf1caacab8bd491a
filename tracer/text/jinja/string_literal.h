// The escapes of string literals in templates, which are Python's.
#pragma once

#include <string>
#include <string_view>

namespace circuit::jinja {

/// What the literal between its quotes stands for; `error` says what is wrong with it, if anything.
std::string unescape_string(std::string_view literal, std::string& error);

}  // namespace circuit::jinja
