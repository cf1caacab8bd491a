#include "tracer/cli/count_check.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace circuit::cli {

std::string count_complaint(const std::string& text) {
  const bool negative = text.starts_with('-');
  const std::string digits = text.substr(negative ? 1 : 0);
  const bool number =
      !digits.empty() && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
  if (!number) return "";
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (!negative && error == std::errc{}) return "";
  return "is " + text + ", expected a whole number from 0" +
         (negative ? "" : " that fits in 64 bits");
}

}  // namespace circuit::cli
