// Which position of one prompt is which of another: Needleman–Wunsch over tokens.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace circuit {

/// What stands in one column: positions in both prompts, or in one of them.
struct AlignedPosition {
  std::optional<std::size_t> a, b;

  friend bool operator==(const AlignedPosition&, const AlignedPosition&) = default;
};

/// A pair that is given, whatever the tokens.
struct FixedPair {
  std::size_t a = 0;
  std::size_t b = 0;
};

/// Columns from left to right; every position of both stands in one. An equal token counts 2, an
/// unequal pair -1, a position alone -1: so one word in place of another shares its column. Of
/// equal alignments the one that pairs positions as far to the right as it can. `same(i, j)`:
/// whether position i of A has the token of position j of B. Throws std::invalid_argument `[align]
/// …` for pairs that are outside, twice, or cross, and for prompts above 2^28 pairs of positions.
std::vector<AlignedPosition> align(std::size_t n_a, std::size_t n_b,
                                   const std::function<bool(std::size_t, std::size_t)>& same,
                                   std::span<const FixedPair> fixed = {});

}  // namespace circuit
