// Where one user-perceived character of a text ends and the next begins.
#pragma once

#include <cstddef>
#include <string_view>

namespace circuit {

/// End of the extended grapheme cluster (Unicode, UAX 29) that begins at `begin`. Requires valid
/// UTF-8 and begin < text.size(). Indic conjuncts count as several clusters.
std::size_t next_cluster(std::string_view text, std::size_t begin);

}  // namespace circuit
