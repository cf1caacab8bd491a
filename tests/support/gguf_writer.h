// Small GGUF files for tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "transcoders/weights/ggml_type.h"
#include "transcoders/weights/gguf.h"

namespace circuit::testing {

/// The little-endian bytes of a number.
template <class T>
std::string bytes_of(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// A length and the characters, as GGUF has strings.
std::string counted(std::string_view text);

/// Collects keys and tensors, in the order in which they are added. Checks nothing: tests also
/// write files that are wrong.
class GgufWriter {
 public:
  std::uint32_t version = 3;
  std::size_t alignment = 32;  ///< what is done; a key general.alignment is the caller's

  void raw(std::string_view key, GgufValueType type, std::string_view bytes);
  void raw_array(std::string_view key, GgufValueType element, std::size_t size,
                 std::string_view bytes);
  void integer(std::string_view key, std::uint32_t value);
  void number(std::string_view key, float value);
  void boolean(std::string_view key, bool value);
  void text(std::string_view key, std::string_view value);
  void texts(std::string_view key, const std::vector<std::string>& values);
  void integers(std::string_view key, const std::vector<std::int32_t>& values);
  void numbers(std::string_view key, const std::vector<float>& values);

  /// `shape` outermost first.
  void tensor(std::string_view name, GgmlType type, std::span<const std::int64_t> shape,
              std::string_view bytes);
  void tensor(std::string_view name, std::span<const std::int64_t> shape,
              std::span<const float> values);

  std::string bytes() const;
  void write(const std::filesystem::path& path) const;

 private:
  std::string keys_, infos_, data_;
  std::uint64_t n_keys_ = 0;
  std::uint64_t n_tensors_ = 0;
};

}  // namespace circuit::testing
