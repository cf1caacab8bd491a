#include "tracer/text/byte_level.h"

#include <set>

#include <gtest/gtest.h>

namespace circuit {
namespace {

TEST(ByteLevel, WritesBytesAsGpt2Does) {
  EXPECT_EQ(byte_character(' '), "\u0120");
  EXPECT_EQ(byte_character('\n'), "\u010A");
  EXPECT_EQ(byte_character('!'), "!");
  EXPECT_EQ(byte_character(0x7F), "\u0121");
  EXPECT_EQ(byte_character(0xAD), "\u0143");
  EXPECT_EQ(byte_character(0xFF), "\u00FF");
}

TEST(ByteLevel, ReadsBackEveryByte) {
  std::set<std::string_view> characters;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string_view character = byte_character(static_cast<unsigned char>(byte));
    characters.insert(character);
    EXPECT_EQ(from_byte_characters(character), std::string(1, static_cast<char>(byte)));
  }
  EXPECT_EQ(characters.size(), 256U);
}

TEST(ByteLevel, WritesAndReadsText) {
  std::string characters = "old";
  to_byte_characters(" \u00E9", characters);
  EXPECT_EQ(characters, "\u0120\u00C3\u00A9");
  EXPECT_EQ(from_byte_characters(characters), " \u00E9");
}

TEST(ByteLevel, KnowsCharactersThatStandForNoByte) {
  EXPECT_EQ(from_byte_characters("a b"), std::nullopt);
  EXPECT_EQ(from_byte_characters("\u0144"), std::nullopt);
  EXPECT_EQ(from_byte_characters("\xFF"), std::nullopt);
}

}  // namespace
}  // namespace circuit
