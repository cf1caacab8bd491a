// Where in a template something stands, and the one line that says what is wrong there.
#pragma once

#include <string>
#include <string_view>

namespace circuit::jinja {

/// Throws std::runtime_error `[chat_template] NAME:LINE: WHAT`.
[[noreturn]] void fail_at(std::string_view name, int line, std::string_view what);

}  // namespace circuit::jinja
