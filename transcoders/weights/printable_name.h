// Names from untrusted files as they may stand in a message of one line.
#pragma once

#include <string>
#include <string_view>

namespace circuit {

/// `"name"` with control characters, quotes and backslashes escaped, cut after 120 bytes.
std::string printable_name(std::string_view name);

}  // namespace circuit
