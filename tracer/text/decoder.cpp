#include "tracer/text/decoder.h"

#include "tracer/text/byte_level.h"
#include "tracer/text/normalizer.h"

namespace circuit {
namespace {

std::optional<unsigned> hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'A' && digit <= 'F') return static_cast<unsigned>(digit - 'A') + 10;
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
  return std::nullopt;
}

}  // namespace

std::optional<char> fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  const auto high = hex_value(token[3]);
  const auto low = hex_value(token[4]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(static_cast<unsigned char>(*high * 16 + *low));
}

std::string decode_token(std::string_view token, bool is_added, const DecoderOptions& options) {
  if (options.byte_fallback) {
    if (const auto byte = fallback_byte(token)) return {*byte};
  }
  std::string text(token);
  for (const auto& [pattern, content] : options.replacements) {
    text = replace_all(text, pattern, content);
  }
  if (options.byte_level && !is_added) {
    if (auto bytes = from_byte_characters(text)) return std::move(*bytes);
  }
  return text;
}

}  // namespace circuit
