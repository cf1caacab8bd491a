#include "tracer/text/proto_reader.h"

#include <stdexcept>
#include <string>

namespace circuit {
namespace {

enum WireType : std::uint64_t { kVarint = 0, kEightBytes = 1, kBytes = 2, kFourBytes = 5 };

[[noreturn]] void fail(const std::string& what) {
  throw std::invalid_argument("[read_proto] " + what);
}

}  // namespace

std::optional<ProtoField> ProtoReader::next() {
  if (rest_.empty()) return std::nullopt;
  const std::uint64_t tag = read_varint();
  ProtoField field;
  field.number = static_cast<std::uint32_t>(tag >> 3U);
  switch (tag & 7U) {
    case kVarint:
      field.integer = read_varint();
      break;
    case kEightBytes:
      field.integer = read_fixed(8);
      break;
    case kBytes:
      field.bytes = read_bytes();
      break;
    case kFourBytes:
      field.integer = read_fixed(4);
      break;
    default:
      fail("field " + std::to_string(field.number) + " has wire type " + std::to_string(tag & 7U));
  }
  return field;
}

std::uint64_t ProtoReader::read_varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) fail("a number is cut short");
    const auto byte = static_cast<unsigned char>(rest_[0]);
    rest_.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  fail("a number has more than ten bytes");
}

std::uint64_t ProtoReader::read_fixed(std::size_t n_bytes) {
  if (rest_.size() < n_bytes) fail("a number is cut short");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < n_bytes; ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
  }
  rest_.remove_prefix(n_bytes);
  return value;
}

std::string_view ProtoReader::read_bytes() {
  const std::uint64_t length = read_varint();
  if (length > rest_.size()) {
    fail("a field of " + std::to_string(length) + " bytes, " + std::to_string(rest_.size()) +
         " are left");
  }
  const std::string_view bytes = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return bytes;
}

}  // namespace circuit
