#include "tracer/text/decoder.h"

#include "tracer/text/byte_fallback.h"
#include "tracer/text/byte_level.h"
#include "tracer/text/normalizer.h"

namespace circuit {

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
