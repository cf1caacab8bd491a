// Blocks of a GGUF tensor as floats, bit for bit what the file format's reference arithmetic gives.
// Non-goals: quantising, threads (the caller splits the rows), computing on quantised weights.
#pragma once

#include <cstddef>
#include <span>

#include "transcoders/weights/ggml_type.h"

namespace circuit {

/// Whether `dequantise` knows the type.
bool can_dequantise(GgmlType type);

/// Consecutive whole blocks of one tensor to their values; both spans hold the same number of
/// blocks. Values that do not fit a float (of F64, I32, I64) are rounded. Throws
/// std::invalid_argument for a type that `can_dequantise` refuses and for spans that do not match.
void dequantise(GgmlType type, std::span<const std::byte> blocks, std::span<float> values);

}  // namespace circuit
