// Writes zip and npy files byte by byte, for tests that need good ones and damaged ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace circuit::testing {

struct ZipEntry {
  std::string name;
  std::string content;
  bool deflate = false;
};

/// A whole archive; with `zip64` sizes and places stand in the 64-bit fields.
std::string zip_bytes(const std::vector<ZipEntry>& entries, bool zip64 = false);

/// An array file: magic, version, the dictionary padded as NumPy does, the numbers.
std::string npy_bytes(std::string_view descr, bool fortran_order, std::string_view shape,
                      std::string_view numbers, int version = 1);

/// The bytes of values as they lie in memory.
template <typename Value>
std::string raw_bytes(const std::vector<Value>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)};
}

}  // namespace circuit::testing
