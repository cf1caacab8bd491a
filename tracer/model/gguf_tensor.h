// Tensors of a GGUF file as torch's: dequantised in parallel, or in place.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <ATen/core/Tensor.h>

#include "transcoders/weights/gguf.h"

namespace circuit {

/// The tensor `name` as `dtype` (f64, f32 or bf16), checked against `shape`; straight from the
/// mapping where the file holds it so. Otherwise pages of the file are handed back as they are
/// read, so that memory never holds much more than the result. Throws std::runtime_error
/// `[load_model] FILE: tensor NAME …` when it is missing, of another shape, of a type that cannot
/// be dequantised, or holds values that are not finite.
at::Tensor load_gguf_tensor(const GgufFile& file, std::string_view name,
                            std::span<const std::int64_t> shape, at::ScalarType dtype);

}  // namespace circuit
