#include "tracer/text/character_pairs.h"

#include "tracer/text/utf8.h"

namespace circuit {

void CharacterPairs::add_neighbours(std::string_view text) {
  if (text.empty()) return;
  std::size_t position = 0;
  char32_t left = next_character(text, position).value_or(0xFFFD);
  while (position < text.size()) {
    const char32_t right = next_character(text, position).value_or(0xFFFD);
    if (left < kAscii && right < kAscii) {
      ascii_[left * kAscii + right] = true;
    } else {
      others_[place_of(left, right)] = true;
    }
    left = right;
  }
}

}  // namespace circuit
