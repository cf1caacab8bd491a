// A set of pairs of characters that may take a few pairs too many for members.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace circuit {

class CharacterPairs {
 public:
  CharacterPairs() : ascii_(kAscii * kAscii), others_(kBits) {}

  /// All pairs of neighbours in `text`, valid UTF-8.
  void add_neighbours(std::string_view text);

  /// Never false for a pair that was added; true for one in ten others where a vocabulary of
  /// 256,000 tokens was added, for none of two ASCII characters.
  bool may_contain(char32_t left, char32_t right) const {
    return left < kAscii && right < kAscii ? ascii_[left * kAscii + right]
                                           : others_[place_of(left, right)];
  }

 private:
  static constexpr std::size_t kAscii = 0x80;
  static constexpr std::size_t kBits = std::size_t{1} << 22U;

  static std::size_t place_of(char32_t left, char32_t right) {
    const std::uint64_t pair = (std::uint64_t{left} << 32U) | right;
    return static_cast<std::size_t>((pair * 0x9E3779B97F4A7C15U) >> 42U);
  }

  std::vector<bool> ascii_;   // [left, right]
  std::vector<bool> others_;  // by place
};

}  // namespace circuit
