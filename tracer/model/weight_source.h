// Where the weights of a model are read from, under the names of that file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/model/architecture.h"

namespace circuit {

/// How a file holds what a family computes with.
struct WeightLayout {
  TensorNames names;
  bool input_major = false;  ///< projections are [in, out]
  double gain_offset = 0;    ///< gain of a norm = stored weight + this
  /// Rows of queries and keys are ordered so that those which rotate together are neighbours,
  /// instead of half a head apart.
  bool rotates_neighbours = false;
};

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  WeightSource(const WeightSource&) = delete;  // owns mappings
  WeightSource& operator=(const WeightSource&) = delete;

  const WeightLayout& layout() const { return layout_; }
  /// For content_hash.
  const std::vector<std::filesystem::path>& files() const { return files_; }
  /// The tensor on the CPU, in `dtype` (in place where the file holds it so). Throws
  /// std::runtime_error naming file and tensor when it is missing, of another shape, or holds
  /// values that are not finite.
  virtual at::Tensor read(const std::string& name, std::span<const std::int64_t> shape,
                          at::ScalarType dtype) const = 0;

 protected:
  WeightSource(const WeightLayout& layout, std::vector<std::filesystem::path> files);

 private:
  WeightLayout layout_;
  std::vector<std::filesystem::path> files_;
};

/// The safetensors of a Hugging Face directory, or a GGUF file.
std::unique_ptr<WeightSource> open_weights(const std::filesystem::path& model,
                                           const Architecture& family);

}  // namespace circuit
