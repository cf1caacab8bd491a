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

std::string_view strip_decoded(std::string_view text, const DecoderOptions& options) {
  const std::string_view stripped = options.stripped;
  for (std::size_t i = 0; i < options.strip_left && text.starts_with(stripped); ++i) {
    text.remove_prefix(stripped.size());
  }
  for (std::size_t i = 0; i < options.strip_right && text.ends_with(stripped); ++i) {
    text.remove_suffix(stripped.size());
  }
  return text;
}

}  // namespace circuit
