#include "tracer/text/sentencepiece_normalizer.h"

#include "tracer/text/utf8.h"

namespace circuit {
namespace {

constexpr std::string_view kSpace = "\u2581";

}  // namespace

SentencePieceNormalizer::SentencePieceNormalizer(const SentencePieceRules& rules)
    : add_dummy_prefix_(rules.add_dummy_prefix),
      remove_extra_whitespaces_(rules.remove_extra_whitespaces) {
  if (!rules.charsmap.empty()) charsmap_.emplace(rules.charsmap);
  for (const std::string& text : rules.kept) kept_.add(text, 0);
}

// What the text begins with: a kept text, else the longest entry of the table, else a character.
SentencePieceNormalizer::Prefix SentencePieceNormalizer::normalize_prefix(
    std::string_view text) const {
  if (const std::size_t kept = kept_.longest_match(text).length; kept > 0) {
    return {kept, text.substr(0, kept)};
  }
  if (const auto match = charsmap_ ? charsmap_->longest_match(text) : std::nullopt) {
    return {match->length, match->replacement};
  }
  std::size_t length = 0;
  next_character(text, length);
  return {length, text.substr(0, length)};
}

std::string SentencePieceNormalizer::normalize(std::string_view text) const {
  while (remove_extra_whitespaces_ && !text.empty()) {
    const Prefix prefix = normalize_prefix(text);
    if (prefix.replacement != " ") break;
    text.remove_prefix(prefix.length);
  }
  std::string result;
  if (text.empty()) return result;
  result.reserve(text.size() + text.size() / 2);
  if (add_dummy_prefix_) result += kSpace;
  bool follows_space = remove_extra_whitespaces_;
  while (!text.empty()) {
    Prefix prefix = normalize_prefix(text);
    text.remove_prefix(prefix.length);
    while (follows_space && prefix.replacement.starts_with(' ')) {
      prefix.replacement.remove_prefix(1);
    }
    if (prefix.replacement.empty()) continue;
    for (const char byte : prefix.replacement) {
      if (byte == ' ') {
        result += kSpace;
      } else {
        result += byte;
      }
    }
    follows_space = remove_extra_whitespaces_ && prefix.replacement.ends_with(' ');
  }
  while (remove_extra_whitespaces_ && result.ends_with(kSpace)) {
    result.resize(result.size() - kSpace.size());
  }
  return result;
}

}  // namespace circuit
