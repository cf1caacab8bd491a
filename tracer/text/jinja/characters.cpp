#include "tracer/text/jinja/characters.h"

#include <stdexcept>

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/uchar.h>

#include "tracer/text/utf8.h"

namespace circuit::jinja {
namespace {

void check(UErrorCode status) {
  if (U_FAILURE(status) != 0) {
    throw std::runtime_error(std::string("[chat_template] ICU: ") + u_errorName(status));
  }
}

bool is_letter_with_case(char32_t character) {
  return u_hasBinaryProperty(static_cast<UChar32>(character), UCHAR_CASED) != 0;
}

char32_t character_at(std::string_view text, std::size_t& position) {
  return next_character(text, position).value_or(U'\uFFFD');
}

void append_escape(std::string& text, char32_t character, char quote) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (character == U'\n' || character == U'\r' || character == U'\t') {
    text += character == U'\n' ? "\\n" : character == U'\r' ? "\\r" : "\\t";
  } else if (character == U'\\' || character == static_cast<char32_t>(quote)) {
    text += '\\';
    text += static_cast<char>(character);
  } else if (character < 0x20 || character == 0x7F) {
    text += "\\x";
    text += kHex[character / 16];
    text += kHex[character % 16];
  } else {
    append_character(text, character);
  }
}

}  // namespace

bool is_space(char32_t character) {
  if (character < 0x80) {
    return character == U' ' || (character >= 0x09 && character <= 0x0D) ||
           (character >= 0x1C && character <= 0x1F);
  }
  return character == 0x85 || character == 0xA0 || character == 0x1680 ||
         (character >= 0x2000 && character <= 0x200A) || character == 0x2028 ||
         character == 0x2029 || character == 0x202F || character == 0x205F || character == 0x3000;
}

std::size_t trimmed_begin(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    std::size_t next = position;
    if (!is_space(character_at(text, next))) break;
    position = next;
  }
  return position;
}

std::size_t trimmed_end(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0) {
    std::size_t start = end - 1;
    while (start > 0 && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80) --start;
    std::size_t behind = start;
    if (!is_space(character_at(text, behind))) break;
    end = start;
  }
  return end;
}

std::vector<std::size_t> character_starts(std::string_view text) {
  std::vector<std::size_t> starts;
  for (std::size_t position = 0; position < text.size();) {
    starts.push_back(position);
    next_character(text, position);
  }
  starts.push_back(text.size());
  return starts;
}

std::string_view first_character(std::string_view text) {
  std::size_t end = 0;
  if (!text.empty()) next_character(text, end);
  return text.substr(0, end);
}

std::string quoted(std::string_view text) {
  const bool has_single = text.find('\'') != text.npos;
  const char quote = has_single && text.find('"') == text.npos ? '"' : '\'';
  std::string result(1, quote);
  for (std::size_t position = 0; position < text.size();) {
    append_escape(result, character_at(text, position), quote);
  }
  return result + quote;
}

std::string to_upper(std::string_view text) {
  std::string result;
  icu::StringByteSink<std::string> sink(&result);
  UErrorCode status = U_ZERO_ERROR;
  icu::CaseMap::utf8ToUpper("", 0, text, sink, nullptr, status);
  check(status);
  return result;
}

std::string to_lower(std::string_view text) {
  std::string result;
  icu::StringByteSink<std::string> sink(&result);
  UErrorCode status = U_ZERO_ERROR;
  icu::CaseMap::utf8ToLower("", 0, text, sink, nullptr, status);
  check(status);
  return result;
}

std::string to_title(std::string_view text) {
  std::string result;
  bool is_inside = false;
  for (std::size_t position = 0; position < text.size();) {
    const char32_t character = character_at(text, position);
    const auto code = static_cast<UChar32>(character);
    append_character(result, static_cast<char32_t>(is_inside ? u_tolower(code) : u_totitle(code)));
    is_inside = is_letter_with_case(character);
  }
  return result;
}

}  // namespace circuit::jinja
