#include "transcoders/weights/npy_header.h"

#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMostDimensions = 16;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

/// The header is a Python dictionary of a few literals.
class Literals {
 public:
  explicit Literals(std::string_view text) : text_(text) {}

  bool try_take(char wanted) {
    skip_spaces();
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }
  void take(char wanted) {
    if (!try_take(wanted)) fail_at(std::string("'") + wanted + "'");
  }
  std::string_view string() {
    skip_spaces();
    if (text_.empty() || (text_.front() != '\'' && text_.front() != '"')) fail_at("a string");
    const std::size_t end = text_.find(text_.front(), 1);
    if (end == std::string_view::npos) fail_at("the end of a string");
    const std::string_view value = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    return value;
  }
  bool boolean() {
    skip_spaces();
    for (const auto& [word, value] : {std::pair{"True", true}, std::pair{"False", false}}) {
      if (!text_.starts_with(word)) continue;
      text_.remove_prefix(std::strlen(word));
      return value;
    }
    fail_at("True or False");
  }
  std::int64_t integer() {
    skip_spaces();
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) fail_at("a whole number from 0 on");
    text_.remove_prefix(static_cast<std::size_t>(stop - text_.data()));
    try_take('L');  // Python 2 wrote it behind long numbers
    return value;
  }
  void end() {
    skip_spaces();
    if (!text_.empty()) fail_at("nothing more");
  }

 private:
  void skip_spaces() {
    const std::size_t begin = text_.find_first_not_of(" \t\r\n");
    text_.remove_prefix(begin == std::string_view::npos ? text_.size() : begin);
  }
  [[noreturn]] void fail_at(const std::string& expected) const {
    fail("its header has " + printable_name(text_.substr(0, 20)) + ", expected " + expected);
  }

  std::string_view text_;
};

Dtype dtype_of(std::string_view descr) {
  struct Row {
    std::string_view descr;
    Dtype dtype;
  };
  // V2 is what NumPy makes of a type that it does not know: bfloat16 is the one in use.
  constexpr std::array<Row, 13> kTypes{{
      {"<f8", Dtype::kF64},
      {"<f4", Dtype::kF32},
      {"<f2", Dtype::kF16},
      {"|V2", Dtype::kBF16},
      {"<V2", Dtype::kBF16},
      {"<i8", Dtype::kI64},
      {"<i4", Dtype::kI32},
      {"<i2", Dtype::kI16},
      {"|i1", Dtype::kI8},
      {"<i1", Dtype::kI8},
      {"|u1", Dtype::kU8},
      {"<u1", Dtype::kU8},
      {"|b1", Dtype::kBool},
  }};
  for (const Row& row : kTypes) {
    if (row.descr == descr) return row.dtype;
  }
  fail("its type is " + printable_name(descr) +
       ", expected a little-endian f8, f4, f2, i8, i4, i2, i1, u1, b1 or V2 (bfloat16)");
}

std::vector<std::int64_t> read_shape(Literals& literals) {
  std::vector<std::int64_t> shape;
  literals.take('(');
  while (!literals.try_take(')')) {
    if (shape.size() == kMostDimensions) {
      fail("its shape has more than " + std::to_string(kMostDimensions) + " dimensions");
    }
    shape.push_back(literals.integer());
    if (!literals.try_take(',')) {
      literals.take(')');
      break;
    }
  }
  return shape;
}

std::string_view header_text(std::span<const std::byte> file, std::size_t& begin) {
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + 4) {
    fail("is no array: it does not begin with \\x93NUMPY");
  }
  const auto version = static_cast<unsigned char>(bytes[kMagic.size()]);
  if (version < 1 || version > 3) {
    fail("its version is " + std::to_string(version) + ", expected 1, 2 or 3");
  }
  const std::size_t length_size = version == 1 ? 2 : 4;
  begin = kMagic.size() + 2 + length_size;
  std::uint32_t length = 0;
  if (bytes.size() >= begin) std::memcpy(&length, bytes.data() + kMagic.size() + 2, length_size);
  if (bytes.size() < begin || length > bytes.size() - begin) {
    fail("its header runs past its end (truncated?)");
  }
  return bytes.substr(begin, length);
}

}  // namespace

NpyHeader read_npy_header(std::span<const std::byte> file) {
  std::size_t begin = 0;
  const std::string_view text = header_text(file, begin);
  Literals literals(text);
  NpyHeader header;
  std::optional<Dtype> dtype;
  std::optional<bool> column_major;
  std::optional<std::vector<std::int64_t>> shape;
  literals.take('{');
  while (!literals.try_take('}')) {
    const std::string_view key = literals.string();
    literals.take(':');
    if (key == "descr") {
      dtype = dtype_of(literals.string());
    } else if (key == "fortran_order") {
      column_major = literals.boolean();
    } else if (key == "shape") {
      shape = read_shape(literals);
    } else {
      fail("its header has the key " + printable_name(key));
    }
    if (!literals.try_take(',')) {
      literals.take('}');
      break;
    }
  }
  literals.end();
  if (!dtype || !column_major || !shape) {
    fail("its header lacks one of descr, fortran_order, shape");
  }
  header.dtype = *dtype;
  header.shape = std::move(*shape);
  header.column_major = *column_major;
  header.size = begin + text.size();
  return header;
}

}  // namespace circuit
