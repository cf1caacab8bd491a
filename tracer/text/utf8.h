// Characters in UTF-8: reading, writing, and making arbitrary bytes printable.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace circuit {

/// The character that begins at `position`, moving `position` behind it; for bytes that are no
/// complete character nothing, and `position` moves behind the longest part that could have begun
/// one (at least one byte). Requires position < text.size().
std::optional<char32_t> next_character(std::string_view text, std::size_t& position);

/// Where the last character of `text`, which is not empty, begins.
std::size_t last_character_begin(std::string_view text);

/// Offset of the first byte that is not part of a complete character, if any.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

/// Throws std::invalid_argument `[operation] what is not valid UTF-8 at byte N`.
void check_utf8(std::string_view text, std::string_view operation, std::string_view what);

void append_character(std::string& text, char32_t character);

/// Bytes that are no complete character are written \xNN each; all others are kept.
std::string escape_invalid_utf8(std::string_view bytes);

/// Each longest part that could have begun a character becomes U+FFFD.
std::string replace_invalid_utf8(std::string_view bytes);

}  // namespace circuit
