// Base64, in which JSON files hold bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace circuit {

/// The bytes that `text` stands for; nothing when it is not Base64 with its padding.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace circuit
