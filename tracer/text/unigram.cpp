#include "tracer/text/unigram.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "tracer/text/byte_fallback.h"
#include "tracer/text/utf8.h"

namespace circuit {

Unigram::Unigram(Vocabulary vocabulary, const std::vector<UnigramPiece>& pieces,
                 const UnigramOptions& options)
    : vocabulary_(std::move(vocabulary)),
      options_(options),
      scores_(static_cast<std::size_t>(vocabulary_.size())) {
  if (!vocabulary_.contains(options_.unknown_id)) {
    throw std::invalid_argument("[build_unigram] the unknown token " +
                                std::to_string(options_.unknown_id) + " is not in the vocabulary");
  }
  for (const auto& [id, score] : pieces) {
    if (vocabulary_.text(id).empty()) {
      throw std::invalid_argument("[build_unigram] token " + std::to_string(id) + " has no text");
    }
    if (!std::isfinite(score)) {
      throw std::invalid_argument("[build_unigram] the score of token " + std::to_string(id) +
                                  " is not finite");
    }
    pieces_.add(vocabulary_.text(id), id);
    scores_[static_cast<std::size_t>(id)] = score;
  }
  fallback_ = find_byte_tokens(vocabulary_, options_.byte_fallback);
}

// One step for each place of the word. Viterbi's rule; among equals the first found stays, as in
// both libraries.
std::vector<Unigram::Step> Unigram::find_best_steps(std::string_view word) const {
  std::vector<Step> steps(word.size() + 1);
  const auto offer = [&](std::size_t end, double score, std::int32_t id, std::size_t length) {
    Step& step = steps[end];
    if (options_.single_precision) score = static_cast<float>(score);
    if (step.length != 0 && score <= step.score) return;
    step = {score, id, static_cast<std::uint32_t>(length)};
  };
  for (std::size_t begin = 0; begin < word.size();) {
    const double score = steps[begin].score;
    std::size_t next = begin;
    next_character(word, next);
    bool is_known = false;
    std::uint32_t node = PrefixTree::kRoot;
    for (std::size_t end = begin; end < word.size();) {
      node = pieces_.child(node, static_cast<unsigned char>(word[end++]));
      if (node == PrefixTree::kNoNode) break;
      const std::int32_t id = pieces_.value(node);
      if (id < 0) continue;
      offer(end, score + scores_[static_cast<std::size_t>(id)], id, end - begin);
      is_known = is_known || end == next;
    }
    if (!is_known) {
      offer(next, score + options_.unknown_score, options_.unknown_id, next - begin);
    }
    begin = next;
  }
  return steps;
}

void Unigram::append_unknown(std::string_view text, std::vector<std::int32_t>& ids) const {
  if (!append_byte_tokens(text, fallback_, ids)) ids.push_back(options_.unknown_id);
}

void Unigram::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
  const std::vector<Step> steps = find_best_steps(word);
  std::vector<std::size_t> ends;
  for (std::size_t end = word.size(); end > 0; end -= steps[end].length) ends.push_back(end);
  std::ranges::reverse(ends);
  std::size_t begin = 0;
  std::size_t unknown_begin = 0;  // of the run of unknown characters that ends at `begin`
  for (const std::size_t end : ends) {
    if (steps[end].id != options_.unknown_id) {
      if (unknown_begin < begin) {
        append_unknown(word.substr(unknown_begin, begin - unknown_begin), ids);
      }
      ids.push_back(steps[end].id);
      unknown_begin = end;
    }
    begin = end;
  }
  if (unknown_begin < begin) append_unknown(word.substr(unknown_begin), ids);
}

}  // namespace circuit
