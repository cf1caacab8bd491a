#include "export/text/output_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace circuit {
namespace {

/// One character of a text; `valid` is false for a single byte that starts no complete character.
struct Character {
  std::string_view bytes;
  char32_t code = 0;
  bool valid = false;
};

/// Length, payload bits of the first byte, and the least code point that needs this length.
struct Lead {
  std::size_t length;
  unsigned payload;
  char32_t least;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0x7Fu, 0};
  if (byte >= 0xC2 && byte < 0xE0) return {2, 0x1Fu, 0x80};
  if (byte >= 0xE0 && byte < 0xF0) return {3, 0x0Fu, 0x800};
  if (byte >= 0xF0 && byte < 0xF5) return {4, 0x07u, 0x10000};
  return {0, 0, 0};
}

Character first_character(std::string_view text) {
  const Character broken{text.substr(0, 1), 0, false};
  const auto byte = static_cast<unsigned char>(text.front());
  const Lead lead = lead_of(byte);
  if (lead.length == 0 || lead.length > text.size()) return broken;
  char32_t code = byte & lead.payload;
  for (std::size_t i = 1; i < lead.length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0u) != 0x80u) return broken;
    code = (code << 6) | (next & 0x3Fu);
  }
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (code < lead.least || code > 0x10FFFF || surrogate) return broken;
  return {text.substr(0, lead.length), code, true};
}

template <typename Visit>
void for_each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const Character character = first_character(text);
    visit(character);
    text.remove_prefix(character.bytes.size());
  }
}

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += "\\x";
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

bool xml_forbids(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xFFFE || code == 0xFFFF;
}

std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> characters;
  for_each_character(text, [&](const Character& c) { characters.push_back(c.bytes); });
  return characters;
}

// Advance widths of DejaVu Sans 2.37 in hundredths of an em, characters 32 to 126.
constexpr std::array<std::uint8_t, 95> kRegular = {
    32, 40, 46, 84, 64, 95, 78, 27, 39,  39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79,
    60, 79, 69, 63, 61, 73, 68, 99, 69,  61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63,
    63, 28, 28, 58, 28, 97, 63, 61, 63,  63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84};
constexpr std::array<std::uint8_t, 95> kBold = {
    35, 46,  52, 84, 70, 100, 87, 31,  46, 46, 52, 84, 38, 42,  38, 37, 70, 70,  70,
    70, 70,  70, 70, 70, 70,  70, 40,  40, 84, 84, 84, 58, 100, 77, 76, 73, 83,  68,
    68, 82,  84, 37, 37, 77,  64, 100, 84, 85, 73, 85, 77, 72,  68, 81, 77, 110, 77,
    72, 73,  46, 37, 46, 84,  50, 50,  67, 72, 59, 72, 68, 44,  72, 71, 34, 34,  67,
    34, 104, 71, 69, 72, 72,  49, 60,  48, 71, 65, 92, 65, 65,  58, 71, 37, 71,  84};

double width_of(char32_t code, FontWeight weight) {
  if (code >= 32 && code < 127) {
    return (weight == FontWeight::kBold ? kBold : kRegular)[code - 32] / 100.0;
  }
  return code >= 0x1100 ? 1.0 : 0.7;  // East Asian, symbols and emoji; other alphabets
}

std::string with_ellipsis(std::string line, double max_width, double font_size) {
  while (!line.empty() && text_width(line + "…", font_size) > max_width) {
    line.resize(line.size() - characters_of(line).back().size());
  }
  while (line.ends_with(' ')) line.pop_back();
  return line + "…";
}

/// The length in bytes of the first line of `text`: up to the last space that fits, else as many
/// characters as fit, at least one.
std::size_t first_line(std::string_view text, double max_width, double font_size) {
  double width = 0;
  std::size_t length = 0, last_space = 0;
  for (const std::string_view bytes : characters_of(text)) {
    width += text_width(bytes, font_size);
    if (width > max_width && length > 0) return last_space > 0 ? last_space : length;
    length += bytes.size();
    if (bytes == " ") last_space = length;
  }
  return length;
}

template <typename Number, typename... Format>
std::string chars_of(Number value, Format... format) {
  if (!std::isfinite(value)) return "null";
  std::array<char, 400> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format...);
  return {buffer.data(), result.ptr};
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for_each_character(text, [&](const Character& c) {
    if (c.valid) {
      out += c.bytes;
    } else {
      append_hex(out, c.bytes);
    }
  });
  return out;
}

bool is_valid_utf8(std::string_view text) {
  bool valid = true;
  for_each_character(text, [&](const Character& c) { valid = valid && c.valid; });
  return valid;
}

std::string one_line(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for_each_character(text, [&](const Character& c) {
    if (c.valid && c.code == '\n') {
      out += "⏎";
    } else if (c.valid && c.code == '\t') {
      out += "→";
    } else if (c.valid && c.code == '\r') {
      out += "↵";
    } else if (!c.valid || xml_forbids(c.code)) {
      append_hex(out, c.bytes);
    } else {
      out += c.bytes;
    }
  });
  return out;
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : one_line(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string shorten(std::string_view text, std::size_t max_characters) {
  const auto characters = characters_of(text);
  if (characters.size() <= max_characters) return std::string(text);
  std::string out;
  for (std::size_t i = 0; i + 1 < max_characters; ++i) out += characters[i];
  return out + "…";
}

std::vector<std::string> wrap_text(std::string_view text, double max_width, double font_size,
                                   std::size_t max_lines) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < max_lines) {
    while (!lines.empty() && text.starts_with(' ')) text.remove_prefix(1);
    if (text.empty()) break;
    const std::size_t length = first_line(text, max_width, font_size);
    std::string line(text.substr(0, length));
    text.remove_prefix(length);
    const bool more = text.find_first_not_of(' ') != std::string_view::npos;
    if (more) {
      while (line.size() > 1 && line.ends_with(' ')) line.pop_back();
    }
    const bool last = lines.size() + 1 == max_lines;
    lines.push_back(more && last ? with_ellipsis(std::move(line), max_width, font_size) : line);
  }
  return lines;
}

double text_width(std::string_view text, double font_size, FontWeight weight) {
  double width = 0;
  for_each_character(
      text, [&](const Character& c) { width += c.valid ? width_of(c.code, weight) : 0.7; });
  return width * font_size;
}

std::string number_text(double value) { return chars_of(value); }
std::string number_text(float value) { return chars_of(value); }
std::string fixed_text(double value, int decimals) {
  return chars_of(value, std::chars_format::fixed, decimals);
}

}  // namespace circuit
