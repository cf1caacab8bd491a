// Text for files that viewers and people read: cleaning, escaping, shortening, wrapping, measuring.
// Everything counts characters, never bytes. Non-goal: tokenizing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace circuit {

/// `text` with every byte that belongs to no complete UTF-8 character written `\xNN`.
std::string valid_utf8(std::string_view text);
bool is_valid_utf8(std::string_view text);

/// Text that any format can hold and one line can show: `valid_utf8`, then newline, tab and
/// carriage return as ⏎ → ↵ and other characters that XML forbids as `\xNN` of their bytes.
std::string one_line(std::string_view text);

/// `one_line` with & < > " ' as entities, for XML text and attributes.
std::string escape_xml(std::string_view text);

/// The first `max_characters` characters; when some are left out, the last one kept is …
std::string shorten(std::string_view text, std::size_t max_characters);

/// Lines of at most `max_width` points in DejaVu Sans of `font_size` points, broken at spaces where
/// there are some; the last of `max_lines` ends in … when text is left over. Never empty lines.
std::vector<std::string> wrap_text(std::string_view text, double max_width, double font_size,
                                   std::size_t max_lines);

enum class FontWeight { kRegular, kBold };

/// Width in points of one line in DejaVu Sans; exact for ASCII, an upper guess for the rest.
double text_width(std::string_view text, double font_size,
                  FontWeight weight = FontWeight::kRegular);

/// The shortest decimal text that reads back as the same number, independent of the locale;
/// `null` when the number is not finite.
std::string number_text(double value);
std::string number_text(float value);
/// With a fixed number of decimals: `0.931`.
std::string fixed_text(double value, int decimals);

}  // namespace circuit
