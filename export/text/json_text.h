// Pieces of JSON text, for files that are too large for a tree of values. Private to export/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace circuit {

/// Appends `text` in quotes; bytes that are no complete character as `\xNN`.
void append_json_string(std::string_view text, std::string& out);

/// Appends the shortest number that reads back as the same bits, `null` when it is not finite. A
/// float also reads back when the reader takes numbers as double first, as all viewers do.
void append_json_number(float value, std::string& out);
void append_json_number(double value, std::string& out);
void append_json_number(std::int64_t value, std::string& out);

/// Python writes NaN, Infinity and -Infinity, which are not JSON: an empty text takes the place of
/// each, as long as the word was. Returns how many there were.
std::size_t blank_not_numbers(std::span<char> text);

}  // namespace circuit
