// Reads the fields of a message in protobuf's wire format, of which SentencePiece's models are
// made.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace circuit {

struct ProtoField {
  std::uint32_t number = 0;
  std::uint64_t integer = 0;  ///< of numbers; a float's bits
  std::string_view bytes;     ///< of texts and messages; look into the message
};

class ProtoReader {
 public:
  /// `message` must outlive the fields.
  explicit ProtoReader(std::string_view message) : rest_(message) {}

  /// The next field, nothing at the end. Throws std::invalid_argument when the message is damaged
  /// or uses a wire type that models do not.
  std::optional<ProtoField> next();

 private:
  std::uint64_t read_varint();
  std::uint64_t read_fixed(std::size_t n_bytes);
  std::string_view read_bytes();

  std::string_view rest_;
};

}  // namespace circuit
