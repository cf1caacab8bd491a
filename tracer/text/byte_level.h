// The printable characters by which byte-level vocabularies write the 256 bytes (space is "Ġ").
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace circuit {

/// The UTF-8 text of the character that stands for `byte`; one or two bytes long.
std::string_view byte_character(unsigned char byte);

/// Replaces `characters` by the characters of the bytes of `bytes`.
void to_byte_characters(std::string_view bytes, std::string& characters);

/// The bytes that `characters` stand for; nothing when one of them stands for no byte.
std::optional<std::string> from_byte_characters(std::string_view characters);

}  // namespace circuit
