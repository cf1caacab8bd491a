#include "transcoders/weights/printable_name.h"

#include <cstddef>

namespace circuit {

std::string printable_name(std::string_view name) {
  constexpr std::size_t kLongest = 120;
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text = "\"";
  for (const char character : name.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7F) {
      text += {'\\', 'x', kDigits[byte >> 4U], kDigits[byte & 0xFU]};
    } else {
      if (character == '"' || character == '\\') text += '\\';
      text += character;
    }
  }
  if (name.size() > kLongest) text += "...";
  return text + '"';
}

}  // namespace circuit
