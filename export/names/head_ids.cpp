#include "export/names/head_ids.h"

#include <charconv>
#include <cstdint>

namespace circuit {
namespace {

std::optional<std::int32_t> parse_number(std::string_view text) {
  std::int32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value < 0) return std::nullopt;
  return value;
}

}  // namespace

std::string head_id(const Head& head) {
  return std::to_string(head.layer) + "." + std::to_string(head.head);
}

std::optional<Head> parse_head_id(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto layer = parse_number(text.substr(0, dot)), head = parse_number(text.substr(dot + 1));
  if (!layer || !head) return std::nullopt;
  return Head{.layer = *layer, .head = *head};
}

}  // namespace circuit
