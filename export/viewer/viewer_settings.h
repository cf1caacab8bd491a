// The names that viewers give to our options. Private to viewer JSON.
#pragma once

#include <string>
#include <string_view>

namespace circuit {

/// `max-logits` as `max_n_logits`; without a name of its own, with `_` for `-`.
std::string viewer_setting(std::string_view option);

/// The other way round.
std::string setting_of_viewers(std::string_view key);

}  // namespace circuit
