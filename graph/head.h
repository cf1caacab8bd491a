// One attention head of a model.
#pragma once

#include <compare>
#include <cstdint>

namespace circuit {

/// Ordered by layer, then head.
struct Head {
  std::int32_t layer = 0;
  std::int32_t head = 0;

  friend auto operator<=>(const Head&, const Head&) = default;
};

}  // namespace circuit
