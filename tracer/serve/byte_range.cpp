#include "tracer/serve/byte_range.h"

#include <algorithm>
#include <charconv>

namespace circuit::serve {
namespace {

/// Empty when `digits` is no number; a number past 64 bits is the largest one.
std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return UINT64_MAX;
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<ByteRange> parse_range(std::string_view header, std::uint64_t file_size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const std::size_t dash = header.find('-');
  if (dash == header.npos) return std::nullopt;
  const std::string_view first = header.substr(0, dash);
  const std::string_view last = header.substr(dash + 1);
  if (first.empty()) {  // the last so many
    const auto wanted = number(last);
    if (!wanted) return std::nullopt;
    const std::uint64_t size = std::min(*wanted, file_size);
    return ByteRange{file_size - size, size};
  }
  const auto begin = number(first);
  const auto end = last.empty() ? std::optional<std::uint64_t>(UINT64_MAX) : number(last);
  if (!begin || !end || *end < *begin) return std::nullopt;
  if (*begin >= file_size) return ByteRange{file_size, 0};
  return ByteRange{*begin, std::min(*end, file_size - 1) - *begin + 1};
}

}  // namespace circuit::serve
