// Columns of numbers in one block of bytes, which a script looks at in place. Private to
// page_data.cpp.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace circuit {

/// Little-endian, each column aligned to 8 bytes.
class PageColumns {
 public:
  struct Column {
    std::string_view name;
    std::string_view type;  ///< `u8`, `i32`, `u32`, `f32`, `f64`
    std::size_t offset = 0;
    std::size_t count = 0;
  };

  /// `name` must outlive this.
  template <typename T>
  void add(std::string_view name, const std::vector<T>& values) {
    static_assert(std::endian::native == std::endian::little);
    columns_.push_back({name, type_of(T{}), bytes_.size(), values.size()});
    const std::size_t size = values.size() * sizeof(T);
    bytes_.resize((bytes_.size() + size + 7) / 8 * 8);
    if (size > 0) std::memcpy(bytes_.data() + columns_.back().offset, values.data(), size);
  }

  const std::vector<Column>& columns() const { return columns_; }
  std::string base64() const;

 private:
  static std::string_view type_of(std::uint8_t) { return "u8"; }
  static std::string_view type_of(std::int32_t) { return "i32"; }
  static std::string_view type_of(std::uint32_t) { return "u32"; }
  static std::string_view type_of(float) { return "f32"; }
  static std::string_view type_of(double) { return "f64"; }

  std::vector<Column> columns_;
  std::vector<std::uint8_t> bytes_;
};

/// RFC 4648, padded, without line breaks.
std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace circuit
