// Element types of tensors in weight files, without torch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace circuit {

enum class Dtype : std::uint8_t { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

/// Bytes of one element.
std::size_t size_of(Dtype dtype);
/// The safetensors name: "F32", "BF16", "I64", …
std::string_view name_of(Dtype dtype);
/// The type of a safetensors name; throws std::runtime_error for one that we do not read.
Dtype dtype_from_name(std::string_view name);

}  // namespace circuit
