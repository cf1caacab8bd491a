// One vector out of a safetensors file, for directions that people give: `FILE` or `FILE:NAME`
// (docs/formats.md, Vector file).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace circuit {

struct VectorPlace {
  std::filesystem::path file;
  std::string name;  ///< of the tensor; empty = the only one of the file
};

/// The whole text is a file's path if there is such a file, else what stands ahead of the last `:`.
VectorPlace parse_vector_place(std::string_view text);

/// F32, F64, F16 or BF16 [d], or row `row` of [rows, d] (the first dimension is that of layers).
/// Tensors `NAME.…` beside NAME do not count as others. Throws std::runtime_error
/// `[read_vector] FILE: …` for a tensor that is not there, another shape or type, a row out of
/// range, and numbers that are not finite.
std::vector<float> read_vector(const VectorPlace& place, std::optional<std::int64_t> row = {});

}  // namespace circuit
