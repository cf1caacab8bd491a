// Unicode's white space at the ends of a text.
#pragma once

#include <cstddef>
#include <string_view>

namespace circuit {

/// In bytes. `text` is valid UTF-8.
std::size_t length_of_leading_space(std::string_view text);
std::size_t length_without_trailing_space(std::string_view text);

}  // namespace circuit
