#include "tracer/text/white_space.h"

#include <unicode/uchar.h>

#include "tracer/text/utf8.h"

namespace circuit {
namespace {

bool is_space(char32_t character) { return u_isUWhiteSpace(static_cast<UChar32>(character)) != 0; }

}  // namespace

std::size_t length_of_leading_space(std::string_view text) {
  std::size_t length = 0;
  for (std::size_t position = 0; position < text.size();) {
    const auto character = next_character(text, position);
    if (!character || !is_space(*character)) break;
    length = position;
  }
  return length;
}

std::size_t length_without_trailing_space(std::string_view text) {
  while (!text.empty()) {
    const std::size_t begin = last_character_begin(text);
    std::size_t position = begin;
    const auto character = next_character(text, position);
    if (!character || !is_space(*character)) break;
    text = text.substr(0, begin);
  }
  return text.size();
}

}  // namespace circuit
