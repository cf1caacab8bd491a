// Damages safetensors files: changes shapes and values, removes tensors, cuts files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "transcoders/weights/dtype.h"

namespace circuit::cli::testing {

struct OwnedTensor {
  Dtype dtype = Dtype::kF32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;

  /// Makes the first value NaN.
  void spoil();
};

using OwnedTensors = std::map<std::string, OwnedTensor>;

/// Reads the file, lets `edit` change it and writes it again; the metadata stays.
void edit_weights(const std::filesystem::path& path,
                  const std::function<void(OwnedTensors&)>& edit);

/// Leaves the first half of the file.
void cut_in_half(const std::filesystem::path& path);

/// Replaces the first `from` in a text file; fails the test when it is not there.
void replace_text(const std::filesystem::path& path, const std::string& from,
                  const std::string& to);

}  // namespace circuit::cli::testing
