// Attention heads as people write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "graph/head.h"

namespace circuit {

/// `3.2`: layer, then head, both counted from 0.
std::string head_id(const Head& head);

/// The same back; nothing when `text` is no such id.
std::optional<Head> parse_head_id(std::string_view text);

}  // namespace circuit
