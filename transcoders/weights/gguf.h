// Memory-mapped reading of GGUF files, versions 2 and 3, little-endian: typed metadata and tensors
// as they are stored. Non-goals: writing, splitting, turning blocks into floats (dequantise.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "transcoders/weights/ggml_type.h"

namespace circuit {

/// Types of metadata values, with the numbers that files hold.
enum class GgufValueType : std::uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kText,
  kArray,
  kU64,
  kI64,
  kF64,
};

/// "u32", "string"
std::string_view name_of(GgufValueType type);
/// Bytes of one value; 0 for strings and arrays, which have no fixed size.
std::size_t size_of(GgufValueType type);

/// A look at an array inside the mapping: nothing is copied. Element look-ups throw
/// std::invalid_argument past the end or for elements of another kind.
struct GgufArrayView {
  GgufValueType type = GgufValueType::kU8;  ///< of its elements
  std::size_t size = 0;
  std::span<const std::byte> bytes;  ///< elements without gaps; texts with their lengths

  std::int64_t integer(std::size_t index) const;
  double number(std::size_t index) const;       ///< integers and floats
  std::vector<std::string_view> texts() const;  ///< 16 bytes each; the characters stay mapped
};

/// One metadata entry: a value, or an array of them.
struct GgufEntry {
  std::string_view key;
  std::size_t size = 1;  ///< number of values
  std::span<const std::byte> bytes;
  GgufValueType type = GgufValueType::kU8;  ///< of each value
  bool is_array = false;

  GgufArrayView values() const { return {type, size, bytes}; }
};

/// A tensor inside the mapping, as stored.
struct GgufTensorView {
  static constexpr std::size_t kMostAxes = 4;

  std::string_view name;
  GgmlType type = GgmlType::kF32;
  std::uint32_t n_axes = 0;
  std::array<std::int64_t, kMostAxes> sizes{};  ///< outermost first, as ours; the file's reversed
  std::span<const std::byte> bytes;             ///< whole blocks; alignment as the file says

  std::span<const std::int64_t> shape() const { return {sizes.data(), n_axes}; }
  std::int64_t elements() const;
};

/// One mapped file. Copies share the mapping, into which all views look. Safe to read from many
/// threads.
class GgufFile {
 public:
  /// Maps `path` and checks all of its header: counts, lengths and types of values inside the
  /// file, no key or tensor twice, tensors of known type, aligned, inside the file and not
  /// overlapping. Takes at most three times the header's size in memory. Throws
  /// std::runtime_error `[open_gguf] PATH: found, expected`.
  static GgufFile open(const std::filesystem::path& path);
  /// Whether `path` is meant as a GGUF file: it is called .gguf, or begins as one.
  static bool recognises(const std::filesystem::path& path);

  const std::filesystem::path& path() const;
  std::uint32_t version() const;

  /// Ascending keys.
  std::span<const GgufEntry> metadata() const;
  bool has(std::string_view key) const;
  bool is_array(std::string_view key) const;  ///< false for a missing key
  /// Empty for a missing key; std::runtime_error `[read_gguf] PATH: key K is TYPE, expected …` for
  /// one of another type.
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::string_view> text(std::string_view key) const;
  std::optional<GgufArrayView> array(std::string_view key) const;
  std::optional<std::vector<std::string_view>> texts(std::string_view key) const;
  /// A missing key is an error that names it.
  std::int64_t require_integer(std::string_view key) const;
  double require_number(std::string_view key) const;
  std::string_view require_text(std::string_view key) const;
  std::vector<std::string_view> require_texts(std::string_view key) const;

  /// Ascending names.
  std::span<const GgufTensorView> tensors() const;
  bool contains(std::string_view name) const;
  /// Throws std::runtime_error naming the file and the tensor when it is not there.
  const GgufTensorView& view(std::string_view name) const;
  /// Keeps the mapping alive for as long as the caller holds it.
  std::shared_ptr<const void> mapping() const;
  /// Everything before the tensors: what the file says of itself.
  std::size_t header_size() const;

 private:
  struct Contents;
  const GgufEntry* find(std::string_view key) const;
  [[noreturn]] void refuse(const GgufEntry& entry, std::string_view expected) const;
  [[noreturn]] void refuse_missing(std::string_view key, std::string_view expected) const;

  std::shared_ptr<const Contents> contents_;
};

}  // namespace circuit
