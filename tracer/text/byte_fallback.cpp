#include "tracer/text/byte_fallback.h"

#include <algorithm>
#include <string>

namespace circuit {
namespace {

std::string byte_token(unsigned byte) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  return std::string("<0x") + kDigits[byte >> 4U] + kDigits[byte & 15U] + ">";
}

std::optional<unsigned> hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'A' && digit <= 'F') return static_cast<unsigned>(digit - 'A') + 10;
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
  return std::nullopt;
}

}  // namespace

std::array<std::int32_t, 256> find_byte_tokens(const Vocabulary& vocabulary, bool is_used) {
  std::array<std::int32_t, 256> ids{};
  for (unsigned byte = 0; byte < ids.size(); ++byte) {
    ids[byte] = is_used ? vocabulary.find(byte_token(byte)) : -1;
  }
  return ids;
}

bool append_byte_tokens(std::string_view text, const std::array<std::int32_t, 256>& byte_tokens,
                        std::vector<std::int32_t>& ids) {
  const auto id_of = [&](char byte) { return byte_tokens[static_cast<unsigned char>(byte)]; };
  if (!std::ranges::all_of(text, [&](char byte) { return id_of(byte) >= 0; })) return false;
  for (const char byte : text) ids.push_back(id_of(byte));
  return true;
}

std::optional<char> fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  const auto high = hex_value(token[3]);
  const auto low = hex_value(token[4]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(static_cast<unsigned char>(*high * 16 + *low));
}

}  // namespace circuit
