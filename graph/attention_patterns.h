// Where every head of a model looks on one prompt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/head.h"

namespace circuit {

/// Rows are query positions and sum to 1; keys behind their query have weight 0.
struct AttentionPatterns {
  std::int32_t n_layers = 0;
  std::int32_t n_heads = 0;  ///< of a layer
  std::size_t n_positions = 0;
  std::vector<float> weights;  ///< [n_layers, n_heads, n_positions (query), n_positions (key)]

  /// [n_positions, n_positions] of one head.
  std::span<const float> of(const Head& head) const {
    const std::size_t size = n_positions * n_positions;
    const std::size_t index =
        static_cast<std::size_t>(head.layer) * static_cast<std::size_t>(n_heads) +
        static_cast<std::size_t>(head.head);
    return std::span(weights).subspan(index * size, size);
  }
};

}  // namespace circuit
