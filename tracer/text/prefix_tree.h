// Texts as one tree of bytes: which of them begin at a place of a text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace circuit {

class PrefixTree {
 public:
  static constexpr std::uint32_t kRoot = 0;
  static constexpr std::uint32_t kNoNode = ~std::uint32_t{0};
  static constexpr std::size_t kMaxNodes = std::size_t{1} << 24U;

  PrefixTree() { first_.fill(kNoNode); }

  /// Of equal texts the first counts. `value` is 0 or more; `text` is not empty. Throws
  /// std::invalid_argument when there are more than kMaxNodes different beginnings of texts.
  void add(std::string_view text, std::int32_t value);

  /// The node behind `node` and `byte`, kNoNode when no text goes on like that.
  std::uint32_t child(std::uint32_t node, unsigned char byte) const {
    if (node == kRoot) return first_[byte];
    const std::uint32_t key = (node << 8U) | byte;
    std::size_t slot = hash(key) & (slots_.size() - 1);
    while (slots_[slot].child != kNoNode && slots_[slot].key != key) {
      slot = (slot + 1) & (slots_.size() - 1);
    }
    return slots_[slot].child;
  }
  struct Match {
    std::size_t length = 0;  ///< 0 for none
    std::int32_t value = -1;
  };
  /// The longest of the texts that `text` begins with.
  Match longest_match(std::string_view text) const;

  /// The value of the text that ends at `node`, -1 when none does.
  std::int32_t value(std::uint32_t node) const { return values_[node]; }

 private:
  struct Slot {
    std::uint32_t key = 0;  // node << 8 | byte
    std::uint32_t child = kNoNode;
  };

  static std::size_t hash(std::uint32_t key) {
    return static_cast<std::size_t>((key * std::uint64_t{0x9E3779B97F4A7C15U}) >> 32U);
  }
  std::uint32_t add_child(std::uint32_t node, unsigned char byte);
  void insert(const Slot& slot);
  void grow();

  std::array<std::uint32_t, 256> first_{};           // children of the root
  std::vector<Slot> slots_ = std::vector<Slot>(16);  // open addressing, at most half full
  std::size_t n_slots_used_ = 0;
  std::vector<std::int32_t> values_ = {-1};  // [nodes]
};

}  // namespace circuit
