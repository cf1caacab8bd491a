#include "tests/support/gguf_writer.h"

#include "tests/support/temp_dir.h"

namespace circuit::testing {
namespace {

std::size_t padding(std::size_t size, std::size_t alignment) {
  return (alignment - size % alignment) % alignment;
}

template <class T>
std::string joined(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

std::string counted(std::string_view text) {
  return bytes_of(std::uint64_t{text.size()}) + std::string(text);
}

void GgufWriter::raw(std::string_view key, GgufValueType type, std::string_view bytes) {
  keys_ += counted(key) + bytes_of(static_cast<std::uint32_t>(type)) + std::string(bytes);
  ++n_keys_;
}

void GgufWriter::raw_array(std::string_view key, GgufValueType element, std::size_t size,
                           std::string_view bytes) {
  raw(key, GgufValueType::kArray,
      bytes_of(static_cast<std::uint32_t>(element)) + bytes_of(std::uint64_t{size}) +
          std::string(bytes));
}

void GgufWriter::integer(std::string_view key, std::uint32_t value) {
  raw(key, GgufValueType::kU32, bytes_of(value));
}

void GgufWriter::number(std::string_view key, float value) {
  raw(key, GgufValueType::kF32, bytes_of(value));
}

void GgufWriter::boolean(std::string_view key, bool value) {
  raw(key, GgufValueType::kBool, bytes_of(static_cast<std::uint8_t>(value)));
}

void GgufWriter::text(std::string_view key, std::string_view value) {
  raw(key, GgufValueType::kText, counted(value));
}

void GgufWriter::texts(std::string_view key, const std::vector<std::string>& values) {
  std::string bytes;
  for (const std::string& value : values) bytes += counted(value);
  raw_array(key, GgufValueType::kText, values.size(), bytes);
}

void GgufWriter::integers(std::string_view key, const std::vector<std::int32_t>& values) {
  raw_array(key, GgufValueType::kI32, values.size(), joined(values));
}

void GgufWriter::numbers(std::string_view key, const std::vector<float>& values) {
  raw_array(key, GgufValueType::kF32, values.size(), joined(values));
}

void GgufWriter::tensor(std::string_view name, GgmlType type, std::span<const std::int64_t> shape,
                        std::string_view bytes) {
  infos_ += counted(name) + bytes_of(static_cast<std::uint32_t>(shape.size()));
  for (std::size_t i = shape.size(); i > 0; --i) infos_ += bytes_of(shape[i - 1]);
  infos_ += bytes_of(static_cast<std::uint32_t>(type)) + bytes_of(std::uint64_t{data_.size()});
  data_ += bytes;
  data_.append(padding(data_.size(), alignment), '\0');
  ++n_tensors_;
}

void GgufWriter::tensor(std::string_view name, std::span<const std::int64_t> shape,
                        std::span<const float> values) {
  tensor(name, GgmlType::kF32, shape,
         {reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

std::string GgufWriter::bytes() const {
  std::string file = "GGUF" + bytes_of(version) + bytes_of(n_tensors_) + bytes_of(n_keys_);
  file += keys_;
  file += infos_;
  file.append(padding(file.size(), alignment), '\0');
  return file + data_;
}

void GgufWriter::write(const std::filesystem::path& path) const { write_text(path, bytes()); }

}  // namespace circuit::testing
