// A graph file taken apart, to be spoilt in one place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "transcoders/weights/safetensors.h"

namespace circuit::testing {

/// Tensors and metadata of a file.
struct Parts {
  std::map<std::string, std::pair<Dtype, std::vector<std::int64_t>>> shapes;
  std::map<std::string, std::vector<std::byte>> bytes;
  std::map<std::string, std::string> metadata;

  template <typename T>
  void set(const std::string& name, std::size_t index, T value) {
    std::memcpy(bytes.at(name).data() + index * sizeof(T), &value, sizeof(T));
  }
  /// Takes `name` as a one-dimensional tensor and drops its last element.
  void shorten(const std::string& name) {
    auto& [dtype, shape] = shapes.at(name);
    --shape.front();
    bytes.at(name).resize(bytes.at(name).size() - size_of(dtype));
  }
  void erase(const std::string& name) {
    shapes.erase(name);
    bytes.erase(name);
  }
};

inline Parts parts_of(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  Parts parts;
  parts.metadata = file.metadata();
  for (const std::string& name : file.names()) {
    const TensorView& view = file.view(name);
    parts.shapes[name] = {view.dtype, view.shape};
    parts.bytes[name].assign(view.bytes.begin(), view.bytes.end());
  }
  return parts;
}

inline void write_parts(const std::filesystem::path& path, const Parts& parts) {
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, shape] : parts.shapes) {
    tensors.push_back({name, shape.first, shape.second, parts.bytes.at(name)});
  }
  write_safetensors(path, tensors, parts.metadata);
}

}  // namespace circuit::testing
