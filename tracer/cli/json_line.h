// The JSON objects that `--json` prints. Templates, so that no header needs the JSON library.
#pragma once

#include <cmath>
#include <optional>
#include <string>

namespace circuit::cli {

/// JSON has no NaN; what is not there is null too.
template <typename Json>
Json number_or_null(std::optional<double> value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

/// The object on one line. Text that is not UTF-8 (names of files) gets U+FFFD where it is broken.
template <typename Json>
std::string json_line(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace circuit::cli
