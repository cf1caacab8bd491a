#include "export/text/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "export/text/output_text.h"

namespace circuit {
namespace {

template <typename Number, typename... Format>
void append_chars(Number value, std::string& out, Format... format) {
  std::array<char, 32> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format...);
  out.append(buffer.data(), result.ptr);
}

/// Of all floats the only one (with its negative) whose shortest text, read as double and rounded,
/// is its neighbour: the text lies within a double's rounding of the middle between the two.
constexpr float kRoundsTwice = 7.038531e-26F;

void append_escaped(char c, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20) {
    out += c;
    return;
  }
  out += "\\u00";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  if (!is_valid_utf8(text)) {
    append_json_string(valid_utf8(text), out);
    return;
  }
  out += '"';
  for (const char c : text) append_escaped(c, out);
  out += '"';
}

void append_json_number(float value, std::string& out) {
  if (!std::isfinite(value) || value == 0 || std::abs(value) == kRoundsTwice) {
    append_json_number(static_cast<double>(value), out);
  } else {
    append_chars(value, out);
  }
}

void append_json_number(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
  } else if (value == 0 && std::signbit(value)) {
    out += "-0.0";  // readers take "-0" as the whole number 0
  } else if (std::abs(value) >= 1e15) {
    // Without an exponent it would be a whole number too large for some readers.
    append_chars(value, out, std::chars_format::scientific);
  } else {
    append_chars(value, out);
  }
}

void append_json_number(std::int64_t value, std::string& out) { append_chars(value, out); }

std::size_t blank_not_numbers(std::span<char> text) {
  const std::size_t size = text.size();
  std::size_t count = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < size; ++i) {
    if (in_text) {
      if (text[i] == '\\') {
        ++i;
      } else if (text[i] == '"') {
        in_text = false;
      }
      continue;
    }
    in_text = text[i] == '"';
    for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
      if (text[i] != word.front() || !std::string_view(&text[i], size - i).starts_with(word)) {
        continue;
      }
      std::fill_n(&text[i], word.size(), ' ');
      text[i] = text[i + word.size() - 1] = '"';
      i += word.size() - 1;
      ++count;
      break;
    }
  }
  return count;
}

}  // namespace circuit
