#include "tracer/text/bpe_lists.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>

namespace circuit {
namespace {

// Place of each token in the order of falling scores; equal scores share one.
std::vector<std::uint32_t> rank_by_score(std::span<const ScoredToken> tokens) {
  std::vector<std::uint32_t> order(tokens.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, std::ranges::greater{},
                           [&](std::uint32_t id) { return tokens[id].score; });
  std::vector<std::uint32_t> ranks(tokens.size());
  for (std::size_t i = 1; i < order.size(); ++i) {
    const bool is_lower = tokens[order[i]].score < tokens[order[i - 1]].score;
    ranks[order[i]] = ranks[order[i - 1]] + (is_lower ? 1 : 0);
  }
  return ranks;
}

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

void add_splits(std::span<const ScoredToken> tokens, std::int32_t id, std::uint32_t rank,
                Bpe& bpe) {
  const auto find = [&](std::string_view part) {
    const std::int32_t found = bpe.vocabulary().find(part);
    return found >= 0 && tokens[static_cast<std::size_t>(found)].is_merged ? found : -1;
  };
  const std::string_view text = tokens[static_cast<std::size_t>(id)].text;
  for (std::size_t length = 1; length < text.size(); ++length) {
    if (!begins_character(text[length])) continue;
    const std::int32_t left = find(text.substr(0, length));
    const std::int32_t right = left < 0 ? -1 : find(text.substr(length));
    if (right >= 0) bpe.add_merge(left, right, id, rank);
  }
}

}  // namespace

Vocabulary vocabulary_from_list(std::span<const std::string_view> tokens) {
  if (tokens.size() > static_cast<std::size_t>(Vocabulary::kMaxTokens)) {
    throw std::invalid_argument("[build_vocabulary] " + std::to_string(tokens.size()) +
                                " tokens, expected at most " +
                                std::to_string(Vocabulary::kMaxTokens));
  }
  Vocabulary vocabulary;
  vocabulary.reserve(tokens.size(), 8 * tokens.size());
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (!tokens[id].empty() && !vocabulary.add(tokens[id], static_cast<std::int32_t>(id))) {
      throw std::invalid_argument("[build_vocabulary] token " + std::to_string(id) + " is \"" +
                                  std::string(tokens[id]) + "\", as is token " +
                                  std::to_string(vocabulary.find(tokens[id])));
    }
  }
  return vocabulary;
}

Bpe bpe_from_merges(std::span<const std::string_view> tokens,
                    std::span<const std::string_view> merges, const BpeOptions& options) {
  Bpe bpe(vocabulary_from_list(tokens), options);
  bpe.reserve_merges(merges.size());
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const std::string_view merge = merges[i];
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos || space + 1 == merge.size()) {
      throw std::invalid_argument("[build_bpe] merge " + std::to_string(i) + " is \"" +
                                  std::string(merge) + "\", expected \"left right\"");
    }
    bpe.add_merge(merge.substr(0, space), merge.substr(space + 1));
  }
  return bpe;
}

Bpe bpe_from_scores(std::span<const ScoredToken> tokens, const BpeOptions& options) {
  std::vector<std::string_view> texts;
  texts.reserve(tokens.size());
  for (const ScoredToken& token : tokens) {
    if (std::isnan(token.score)) {
      throw std::invalid_argument("[build_bpe] the score of token " + std::to_string(texts.size()) +
                                  " is not a number");
    }
    texts.push_back(token.text);
  }
  Bpe bpe(vocabulary_from_list(texts), options);
  bpe.reserve_merges(2 * tokens.size());
  const std::vector<std::uint32_t> ranks = rank_by_score(tokens);
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id].is_merged) add_splits(tokens, static_cast<std::int32_t>(id), ranks[id], bpe);
  }
  return bpe;
}

}  // namespace circuit
