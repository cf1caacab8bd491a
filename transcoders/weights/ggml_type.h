// Element types of tensors in GGUF files: plain ones and blocks of quantised values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace circuit {

/// The types that can be read as floats (dequantise.h), by the numbers that files hold. A value may
/// also be another number that `ggml_type` knows.
enum class GgmlType : std::uint32_t {
  // plain
  kF32 = 0,
  kF16 = 1,
  kI8 = 24,
  kI16 = 25,
  kI32 = 26,
  kI64 = 27,
  kF64 = 28,
  kBF16 = 30,
  // quantised
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
};

/// The type that a file writes as `number`, also one that we cannot turn into floats; empty for a
/// number that means nothing to us, of which not even the size is known.
std::optional<GgmlType> ggml_type(std::uint32_t number);
/// "Q4_K"
std::string_view name_of(GgmlType type);
/// Consecutive elements of a row that are stored together.
std::size_t block_elements(GgmlType type);
std::size_t block_bytes(GgmlType type);

}  // namespace circuit
