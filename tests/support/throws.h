// What an expression throws, as text to compare.
#pragma once

#include <exception>
#include <string>

namespace circuit::testing {

/// The message of the `Error` that `action` throws; says so when it throws nothing or another type.
template <typename Error, typename Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another type: ") + error.what();
  }
  return "nothing was thrown";
}

}  // namespace circuit::testing
