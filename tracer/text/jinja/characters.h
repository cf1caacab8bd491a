// Texts as Python sees them: characters, white space, letters in upper and lower case.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace circuit::jinja {

/// What Python's str.isspace says.
bool is_space(char32_t character);

/// The length of the white space at the begin of `text`, and where that at its end begins.
std::size_t trimmed_begin(std::string_view text);
std::size_t trimmed_end(std::string_view text);

/// Where each character begins, and at the end the size of `text`.
std::vector<std::size_t> character_starts(std::string_view text);

std::string_view first_character(std::string_view text);

/// In single quotes, as Python's repr.
std::string quoted(std::string_view text);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
/// Every run of letters with its first one in upper case, the others in lower case.
std::string to_title(std::string_view text);

}  // namespace circuit::jinja
