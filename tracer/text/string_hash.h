// The hash of the two string tables of this folder; not for files.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace circuit {

/// Well mixed in all bits; the same on every run of one machine.
inline std::uint32_t hash_string(std::string_view text) {
  constexpr std::uint64_t kMultiplier = 0x9E3779B97F4A7C15U;
  std::uint64_t hash = text.size() * kMultiplier;
  const auto mix = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * kMultiplier;
    hash ^= hash >> 32U;
  };
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof(word));
    mix(word);
    text.remove_prefix(sizeof(word));
  }
  std::uint64_t tail = 0;
  std::memcpy(&tail, text.data(), text.size());
  mix(tail);
  return static_cast<std::uint32_t>((hash * kMultiplier) >> 32U);
}

}  // namespace circuit
