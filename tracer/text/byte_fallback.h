// The tokens <0x00> to <0xFF>, by which vocabularies write the bytes of characters they lack.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tracer/text/vocabulary.h"

namespace circuit {

/// Ids of <0x00> to <0xFF>, -1 for those that `vocabulary` lacks; all -1 unless `is_used`.
std::array<std::int32_t, 256> find_byte_tokens(const Vocabulary& vocabulary, bool is_used);

/// Appends a token for each byte of `text`; false, appending nothing, when one has none.
bool append_byte_tokens(std::string_view text, const std::array<std::int32_t, 256>& byte_tokens,
                        std::vector<std::int32_t>& ids);

/// The byte that `token` stands for where it is one of <0x00> to <0xFF>.
std::optional<char> fallback_byte(std::string_view token);

}  // namespace circuit
