// A file of named tensors, whichever container it is: what reading weights needs to know of it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "transcoders/weights/safetensors.h"

namespace circuit {

/// Copies share the mapping. Safe to read from many threads.
class WeightFile {
 public:
  /// By its ending: `.npz`, else safetensors. Throws as NpzFile and SafetensorsFile do.
  static WeightFile open(const std::filesystem::path& path);
  /// Any table, for containers and parts of files that are put together elsewhere.
  explicit WeightFile(std::shared_ptr<const TensorTable> table) : table_(std::move(table)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): a safetensors file is a file of weights.
  WeightFile(const SafetensorsFile& file) : table_(file.table()) {}

  const std::filesystem::path& path() const { return table_->path; }
  bool contains(std::string_view name) const { return table_->tensors.contains(name); }
  /// Throws std::runtime_error naming the file and the tensor when it is not there.
  const TensorView& view(std::string_view name) const { return table_->view(name); }
  /// Names in ascending order.
  std::vector<std::string> names() const { return table_->names(); }
  /// Keeps the bytes of the views alive for as long as the caller holds it.
  std::shared_ptr<const void> mapping() const { return table_; }

 private:
  std::shared_ptr<const TensorTable> table_;
};

}  // namespace circuit
