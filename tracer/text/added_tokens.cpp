#include "tracer/text/added_tokens.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include <unicode/uchar.h>

#include "tracer/text/utf8.h"
#include "tracer/text/white_space.h"

namespace circuit {
namespace {

bool is_word_character(char32_t character) {
  const auto c = static_cast<UChar32>(character);
  constexpr std::uint32_t kWord = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return (U_GET_GC_MASK(c) & kWord) != 0 || u_isUAlphabetic(c) != 0 ||
         u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL) != 0;
}

bool ends_with_word(std::string_view text) {
  if (text.empty()) return false;
  std::size_t position = last_character_begin(text);
  const auto character = next_character(text, position);
  return character && is_word_character(*character);
}

bool begins_with_word(std::string_view text) {
  std::size_t position = 0;
  const auto character = text.empty() ? std::nullopt : next_character(text, position);
  return character && is_word_character(*character);
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens, const Normalizer& normalizer)
    : tokens_(std::move(tokens)) {
  std::ranges::stable_sort(tokens_, {}, &AddedToken::id);
  // Of several that are equal once normalized, special ones count, as in Hugging Face's.
  for (const bool is_special : {true, false}) {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const AddedToken& token = tokens_[i];
      if (token.is_special != is_special) continue;
      const std::string content =
          token.is_normalized ? normalizer.normalize(token.content) : token.content;
      if (content.empty()) {
        throw std::invalid_argument("[add_token] added token " + std::to_string(token.id) +
                                    " has no text");
      }
      (token.is_normalized ? normalized_ : raw_).add(content, static_cast<std::int32_t>(i));
    }
  }
}

std::vector<TextPiece> AddedTokens::split(std::string_view text, bool is_normalized) const {
  const PrefixTree& tree = is_normalized ? normalized_ : raw_;
  std::vector<TextPiece> pieces;
  std::size_t covered = 0;
  for (std::size_t position = 0; position < text.size();) {
    const PrefixTree::Match match = tree.longest_match(text.substr(position));
    if (match.length == 0) {
      ++position;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<std::size_t>(match.value)];
    std::size_t begin = position;
    std::size_t end = position += match.length;
    if (token.single_word &&
        (ends_with_word(text.substr(0, begin)) || begins_with_word(text.substr(end)))) {
      continue;
    }
    if (token.lstrip) {
      begin = std::max(length_without_trailing_space(text.substr(0, begin)), covered);
    }
    if (token.rstrip) end += length_of_leading_space(text.substr(end));
    if (covered < begin) pieces.push_back({text.substr(covered, begin - covered)});
    pieces.push_back({text.substr(begin, end - begin), token.id});
    covered = end;
  }
  if (covered < text.size()) pieces.push_back({text.substr(covered)});
  return pieces;
}

const AddedToken* AddedTokens::find(std::int32_t id) const {
  const auto token = std::ranges::lower_bound(tokens_, id, {}, &AddedToken::id);
  return token != tokens_.end() && token->id == id ? &*token : nullptr;
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto token = std::ranges::find(tokens_, content, &AddedToken::content);
  return token != tokens_.end() ? &*token : nullptr;
}

}  // namespace circuit
