#include "tracer/text/word_sections.h"

#include "tracer/text/utf8.h"

namespace circuit {

WordSections::WordSections(const Bpe& bpe) {
  const Vocabulary& vocabulary = bpe.vocabulary();
  for (std::int32_t id = 0; id < vocabulary.size(); ++id) {
    neighbours_.add_neighbours(vocabulary.text(id));
  }
}

std::size_t WordSections::end(const Bpe& bpe, std::string_view word, std::size_t begin) const {
  const auto is_known = [&](std::size_t from, std::size_t to) {
    return bpe.vocabulary().find(word.substr(from, to - from)) >= 0;
  };
  std::size_t left_begin = begin;
  std::size_t left_end = begin;
  char32_t left = next_character(word, left_end).value_or(0xFFFD);
  while (left_end < word.size()) {
    std::size_t right_end = left_end;
    const char32_t right = next_character(word, right_end).value_or(0xFFFD);
    // Unknown characters stay with their neighbours: the ids of their runs depend on these.
    if (!neighbours_.may_contain(left, right) && is_known(left_begin, left_end) &&
        is_known(left_end, right_end)) {
      return left_end;
    }
    left = right;
    left_begin = left_end;
    left_end = right_end;
  }
  return word.size();
}

}  // namespace circuit
