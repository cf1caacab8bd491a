// The tensors of a graph file on their way out and in. Private to graph_file.cpp and
// the files graph_file_*.cpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "transcoders/weights/safetensors.h"

namespace circuit {

template <typename T>
constexpr Dtype dtype_of() {
  if constexpr (std::is_same_v<T, double>) return Dtype::kF64;
  if constexpr (std::is_same_v<T, float>) return Dtype::kF32;
  if constexpr (std::is_same_v<T, std::int64_t>) return Dtype::kI64;
  if constexpr (std::is_same_v<T, std::int32_t>) return Dtype::kI32;
  if constexpr (std::is_same_v<T, std::uint8_t>) return Dtype::kU8;
}

inline std::int64_t size_of_dimension(std::size_t size) { return static_cast<std::int64_t>(size); }

/// Tensors to be written.
class GraphFileTensors {
 public:
  /// Looks at `values` until the file is written.
  template <typename T>
  void add(std::string name, const std::vector<T>& values) {
    add_shaped(std::move(name), values, {size_of_dimension(values.size())});
  }
  template <typename T>
  void add_if_any(std::string name, const std::vector<T>& values) {
    if (!values.empty()) add(std::move(name), values);
  }
  /// Keeps `values`, which are not in the graph as they are in the file: [values / width, width];
  /// of width 0, [values].
  template <typename T>
  void add_table(std::string name, std::vector<T> values, std::size_t width) {
    const auto kept = std::make_shared<const std::vector<T>>(std::move(values));
    kept_.push_back(kept);
    if (width == 0) return add(std::move(name), *kept);
    add_shaped(std::move(name), *kept,
               {size_of_dimension(kept->size() / width), size_of_dimension(width)});
  }
  std::vector<TensorToWrite> take() { return std::move(tensors_); }

 private:
  template <typename T>
  void add_shaped(std::string name, const std::vector<T>& values, std::vector<std::int64_t> shape) {
    tensors_.push_back(
        {std::move(name), dtype_of<T>(), std::move(shape), std::as_bytes(std::span(values))});
  }

  std::vector<TensorToWrite> tensors_;
  std::vector<std::shared_ptr<const void>> kept_;
};

/// What a column of a table may hold.
struct ColumnRange {
  std::int32_t least = 0;
  std::int32_t most = 0;
};

/// Reads tensors of one file and checks each against what the graph needs. Failures are
/// std::runtime_error `[read_graph_file] PATH: tensor X: found, expected`.
class GraphFileReader {
 public:
  explicit GraphFileReader(const std::filesystem::path& path)
      : file_(SafetensorsFile::open(path)), path_(path) {}

  const auto& metadata() const { return file_.metadata(); }
  bool contains(std::string_view name) const { return file_.contains(name); }

  [[noreturn]] void fail(const std::string& what) const;
  [[noreturn]] void fail(std::string_view tensor, const std::string& found,
                         const std::string& expected) const;

  /// `shape` has -1 where any size will do.
  template <typename T>
  std::vector<T> read(std::string_view name, const std::vector<std::int64_t>& shape) const {
    const TensorView& view = view_of(name, dtype_of<T>(), shape);
    std::vector<T> values(view.bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
    if constexpr (std::is_floating_point_v<T>) require_finite(name, values);
    return values;
  }

  template <typename T>
  std::vector<T> read_optional(std::string_view name, std::size_t size) const {
    if (!file_.contains(name)) return {};
    return read<T>(name, {size_of_dimension(size)});
  }

  /// Every value in [least, most].
  template <typename T>
  void require_range(std::string_view name, const std::vector<T>& values, T least, T most) const {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] >= least && values[i] <= most) continue;
      fail(name, "entry " + std::to_string(i) + " is " + std::to_string(values[i]),
           std::to_string(least) + " to " + std::to_string(most));
    }
  }

  /// The same of a table [rows, columns], column by column.
  void require_columns(std::string_view name, const std::vector<std::int32_t>& table,
                       std::initializer_list<ColumnRange> columns) const;

  /// Of a list in the metadata.
  void require_count(std::string_view key, std::size_t found, std::size_t expected) const;

  /// Ascending from 0 to `count`, which are so many `things`.
  void require_offsets(std::string_view name, const std::vector<std::int64_t>& offsets,
                       std::size_t count, const std::string& things) const;

 private:
  const TensorView& view_of(std::string_view name, Dtype dtype,
                            const std::vector<std::int64_t>& shape) const;

  template <typename T>
  void require_finite(std::string_view name, const std::vector<T>& values) const {
    const auto bad = std::ranges::find_if(values, [](T value) { return !std::isfinite(value); });
    if (bad == values.end()) return;
    fail(name, "entry " + std::to_string(bad - values.begin()) + " is " + std::to_string(*bad),
         "finite numbers");
  }

  SafetensorsFile file_;
  std::filesystem::path path_;
};

}  // namespace circuit
