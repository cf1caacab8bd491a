// What stands in front of the numbers of a NumPy array file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "transcoders/weights/dtype.h"

namespace circuit {

struct NpyHeader {
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;
  bool column_major = false;
  std::size_t size = 0;  ///< bytes in front of the numbers
};

/// Versions 1 to 3. Throws std::runtime_error with what is wrong, without operation and path.
NpyHeader read_npy_header(std::span<const std::byte> file);

}  // namespace circuit
