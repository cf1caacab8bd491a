#include "tracer/text/byte_level.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "tracer/text/utf8.h"

namespace circuit {
namespace {

constexpr std::size_t kCharacters = 0x144;  // one above the largest character in use

constexpr bool is_printable(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Text {
  std::array<char, 2> bytes{};
  std::uint8_t length = 0;
};

struct Tables {
  std::array<Text, 256> text{};                  // of each byte
  std::array<std::int16_t, kCharacters> byte{};  // of each character, -1 for none
};

// Printable bytes of Latin-1 stand for themselves, the others for U+0100 and up, in order.
constexpr Tables make_tables() {
  Tables tables;
  tables.byte.fill(-1);
  unsigned next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const unsigned character = is_printable(byte) ? byte : next++;
    tables.byte[character] = static_cast<std::int16_t>(byte);
    Text& text = tables.text[byte];
    if (character < 0x80) {
      text = {{static_cast<char>(character), 0}, 1};
    } else {
      text = {{static_cast<char>(0xC0U | (character >> 6U)),
               static_cast<char>(0x80U | (character & 0x3FU))},
              2};
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

}  // namespace

std::string_view byte_character(unsigned char byte) {
  const Text& text = kTables.text[byte];
  return {text.bytes.data(), text.length};
}

void to_byte_characters(std::string_view bytes, std::string& characters) {
  characters.clear();
  for (const char byte : bytes) characters += byte_character(static_cast<unsigned char>(byte));
}

std::optional<std::string> from_byte_characters(std::string_view characters) {
  std::string bytes;
  bytes.reserve(characters.size());
  for (std::size_t position = 0; position < characters.size();) {
    const auto character = next_character(characters, position);
    if (!character || *character >= kCharacters || kTables.byte[*character] < 0) {
      return std::nullopt;
    }
    bytes += static_cast<char>(kTables.byte[*character]);
  }
  return bytes;
}

}  // namespace circuit
