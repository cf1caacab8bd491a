// The one line that a failure prints.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace circuit::cli {

/// `text` without line breaks and other control characters.
std::string single_line(std::string_view text);

/// What `error` says, in one line that begins with `[operation]`: with the exception's own one
/// where it names one, else with `operation`. Of LibTorch's errors only the message, no stack.
std::string failure_line(const std::exception_ptr& error, std::string_view operation);

}  // namespace circuit::cli
