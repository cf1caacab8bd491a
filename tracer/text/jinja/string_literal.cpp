#include "tracer/text/jinja/string_literal.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include "tracer/text/utf8.h"

namespace circuit::jinja {
namespace {

/// The character of a single letter behind the backslash.
std::optional<char> simple_escape(char c) {
  switch (c) {
    case '\\':
    case '\'':
    case '"':
      return c;
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return std::nullopt;
  }
}

std::size_t digits_behind(char c) { return c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0; }

bool is_octal(char c) { return c >= '0' && c <= '7'; }

std::optional<char32_t> parse_code(std::string_view digits, int base) {
  std::uint32_t code = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, code, base);
  if (error != std::errc() || stop != end || digits.empty()) return std::nullopt;
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return std::nullopt;
  return code;
}

}  // namespace

std::string unescape_string(std::string_view literal, std::string& error) {
  std::string text;
  for (std::size_t i = 0; i < literal.size(); ++i) {
    if (literal[i] != '\\' || i + 1 == literal.size()) {
      text += literal[i];
      continue;
    }
    const char c = literal[++i];
    if (const auto simple = simple_escape(c)) {
      text += *simple;
    } else if (is_octal(c)) {
      std::size_t end = i;
      while (end < literal.size() && end < i + 3 && is_octal(literal[end])) ++end;
      append_character(text, *parse_code(literal.substr(i, end - i), 8));
      i = end - 1;
    } else if (const std::size_t digits = digits_behind(c); digits > 0) {
      const std::string_view hex = literal.substr(i + 1, digits);
      const auto code = hex.size() == digits ? parse_code(hex, 16) : std::nullopt;
      if (!code) {
        error = "the escape \\" + std::string(1, c) + std::string(hex) + " is no character";
        return {};
      }
      append_character(text, *code);
      i += digits;
    } else if (c != '\n') {  // a backslash at the end of a line joins it with the next
      text += '\\';
      text += c;
    }
  }
  return text;
}

}  // namespace circuit::jinja
