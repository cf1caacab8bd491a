#include <array>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include "transcoders/weights/gguf.h"

namespace circuit {
namespace {

struct ValueRow {
  std::string_view name;
  std::size_t size;
};

// In the order of the enumeration.
constexpr std::array<ValueRow, 13> kValueTypes{{{"u8", 1},
                                                {"i8", 1},
                                                {"u16", 2},
                                                {"i16", 2},
                                                {"u32", 4},
                                                {"i32", 4},
                                                {"f32", 4},
                                                {"bool", 1},
                                                {"string", 0},
                                                {"array", 0},
                                                {"u64", 8},
                                                {"i64", 8},
                                                {"f64", 8}}};

const ValueRow& row_of(GgufValueType type) {
  return kValueTypes.at(static_cast<std::size_t>(type));
}

template <class T>
T load(const std::byte* bytes) {
  T value{};
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// Empty for other types and for what no i64 holds.
std::optional<std::int64_t> decode_integer(GgufValueType type, const std::byte* bytes) {
  switch (type) {
    case GgufValueType::kU8:
      return load<std::uint8_t>(bytes);
    case GgufValueType::kI8:
      return load<std::int8_t>(bytes);
    case GgufValueType::kU16:
      return load<std::uint16_t>(bytes);
    case GgufValueType::kI16:
      return load<std::int16_t>(bytes);
    case GgufValueType::kU32:
      return load<std::uint32_t>(bytes);
    case GgufValueType::kI32:
      return load<std::int32_t>(bytes);
    case GgufValueType::kI64:
      return load<std::int64_t>(bytes);
    case GgufValueType::kU64: {
      const auto value = load<std::uint64_t>(bytes);
      if (value > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return std::nullopt;
      return static_cast<std::int64_t>(value);
    }
    default:
      return std::nullopt;
  }
}

std::optional<double> decode_number(GgufValueType type, const std::byte* bytes) {
  if (type == GgufValueType::kF32) return load<float>(bytes);
  if (type == GgufValueType::kF64) return load<double>(bytes);
  const auto integer = decode_integer(type, bytes);
  if (!integer) return std::nullopt;
  return static_cast<double>(*integer);
}

std::vector<std::string_view> decode_texts(const GgufArrayView& array) {
  std::vector<std::string_view> texts;
  texts.reserve(array.size);
  const std::byte* place = array.bytes.data();
  for (std::size_t i = 0; i < array.size; ++i) {
    const auto length = static_cast<std::size_t>(load<std::uint64_t>(place));
    texts.emplace_back(reinterpret_cast<const char*>(place + sizeof(std::uint64_t)), length);
    place += sizeof(std::uint64_t) + length;
  }
  return texts;
}

[[noreturn]] void refuse_element(const GgufArrayView& array, std::size_t index,
                                 std::string_view expected) {
  throw std::invalid_argument("[read_gguf] element " + std::to_string(index) + " of " +
                              std::to_string(array.size) + " " + std::string(name_of(array.type)) +
                              " values, expected " + std::string(expected));
}

}  // namespace

std::string_view name_of(GgufValueType type) { return row_of(type).name; }

std::size_t size_of(GgufValueType type) { return row_of(type).size; }

std::int64_t GgufArrayView::integer(std::size_t index) const {
  if (index < size) {
    if (const auto value = decode_integer(type, bytes.data() + index * size_of(type))) {
      return *value;
    }
  }
  refuse_element(*this, index, "an integer");
}

double GgufArrayView::number(std::size_t index) const {
  if (index < size) {
    if (const auto value = decode_number(type, bytes.data() + index * size_of(type))) return *value;
  }
  refuse_element(*this, index, "a number");
}

std::vector<std::string_view> GgufArrayView::texts() const {
  if (type != GgufValueType::kText) refuse_element(*this, 0, "strings");
  return decode_texts(*this);
}

void GgufFile::refuse(const GgufEntry& entry, std::string_view expected) const {
  throw std::runtime_error("[read_gguf] " + path().string() + ": key " + std::string(entry.key) +
                           " is " + (entry.is_array ? "an array of " : "of type ") +
                           std::string(name_of(entry.type)) + ", expected " +
                           std::string(expected));
}

void GgufFile::refuse_missing(std::string_view key, std::string_view expected) const {
  throw std::runtime_error("[read_gguf] " + path().string() + ": has no key " + std::string(key) +
                           ", expected " + std::string(expected));
}

bool GgufFile::has(std::string_view key) const { return find(key) != nullptr; }

bool GgufFile::is_array(std::string_view key) const {
  const GgufEntry* entry = find(key);
  return entry != nullptr && entry->is_array;
}

std::optional<std::int64_t> GgufFile::integer(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  const auto value =
      entry->is_array ? std::nullopt : decode_integer(entry->type, entry->bytes.data());
  if (!value) refuse(*entry, "an integer");
  return value;
}

std::optional<double> GgufFile::number(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  const auto value =
      entry->is_array ? std::nullopt : decode_number(entry->type, entry->bytes.data());
  if (!value) refuse(*entry, "a number");
  return value;
}

std::optional<bool> GgufFile::boolean(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->is_array || entry->type != GgufValueType::kBool) refuse(*entry, "true or false");
  return entry->bytes.front() != std::byte{0};
}

std::optional<std::string_view> GgufFile::text(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (entry->is_array || entry->type != GgufValueType::kText) refuse(*entry, "a string");
  return decode_texts(entry->values()).front();
}

std::optional<GgufArrayView> GgufFile::array(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (!entry->is_array) refuse(*entry, "an array");
  return entry->values();
}

std::optional<std::vector<std::string_view>> GgufFile::texts(std::string_view key) const {
  const GgufEntry* entry = find(key);
  if (entry == nullptr) return std::nullopt;
  if (!entry->is_array || entry->type != GgufValueType::kText) {
    refuse(*entry, "an array of strings");
  }
  return decode_texts(entry->values());
}

std::int64_t GgufFile::require_integer(std::string_view key) const {
  if (const auto value = integer(key)) return *value;
  refuse_missing(key, "an integer");
}

double GgufFile::require_number(std::string_view key) const {
  if (const auto value = number(key)) return *value;
  refuse_missing(key, "a number");
}

std::string_view GgufFile::require_text(std::string_view key) const {
  if (const auto value = text(key)) return *value;
  refuse_missing(key, "a string");
}

std::vector<std::string_view> GgufFile::require_texts(std::string_view key) const {
  if (auto value = texts(key)) return *std::move(value);
  refuse_missing(key, "an array of strings");
}

}  // namespace circuit
