#include "tracer/text/utf8.h"

#include <array>
#include <cstdint>
#include <stdexcept>

#include <unicode/utf8.h>

namespace circuit {

std::optional<char32_t> next_character(std::string_view text, std::size_t& position) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  UChar32 character = 0;
  U8_NEXT(bytes, position, text.size(), character);
  if (character < 0) return std::nullopt;
  return static_cast<char32_t>(character);
}

std::size_t last_character_begin(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) --begin;
  return begin;
}

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t begin = position;
    if (static_cast<unsigned char>(text[begin]) < 0x80) {
      ++position;
    } else if (!next_character(text, position)) {
      return begin;
    }
  }
  return std::nullopt;
}

void check_utf8(std::string_view text, std::string_view operation, std::string_view what) {
  if (const auto invalid = find_invalid_utf8(text)) {
    throw std::invalid_argument("[" + std::string(operation) + "] " + std::string(what) +
                                " is not valid UTF-8 at byte " + std::to_string(*invalid));
  }
}

void append_character(std::string& text, char32_t character) {
  std::array<std::uint8_t, 4> bytes{};
  std::size_t length = 0;
  U8_APPEND_UNSAFE(bytes.data(), length, static_cast<UChar32>(character));
  text.append(reinterpret_cast<const char*>(bytes.data()), length);
}

namespace {

// Copies complete characters and hands every other part to `append_invalid`.
template <typename AppendInvalid>
std::string rewrite_invalid(std::string_view bytes, AppendInvalid append_invalid) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t position = 0; position < bytes.size();) {
    const std::size_t begin = position;
    const bool complete = next_character(bytes, position).has_value();
    const std::string_view part = bytes.substr(begin, position - begin);
    if (complete) {
      text.append(part);
    } else {
      append_invalid(text, part);
    }
  }
  return text;
}

}  // namespace

std::string escape_invalid_utf8(std::string_view bytes) {
  return rewrite_invalid(bytes, [](std::string& text, std::string_view part) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    for (const char byte : part) {
      const auto value = static_cast<unsigned char>(byte);
      text.append("\\x").append(1, kDigits[value >> 4U]).append(1, kDigits[value & 15U]);
    }
  });
}

std::string replace_invalid_utf8(std::string_view bytes) {
  return rewrite_invalid(bytes, [](std::string& text, std::string_view) { text += "\uFFFD"; });
}

}  // namespace circuit
