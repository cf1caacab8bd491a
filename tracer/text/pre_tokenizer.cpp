#include "tracer/text/pre_tokenizer.h"

#include <algorithm>
#include <utility>

#include "tracer/text/byte_level.h"
#include "tracer/text/normalizer.h"

namespace circuit {
namespace {

// A match joins the part before it, unless that is a match too.
void merge_with_previous(std::vector<TextPart>& parts) {
  std::size_t kept = 0;
  bool previous_is_match = false;
  for (const TextPart& part : parts) {
    if (part.is_match && !previous_is_match && kept > 0) {
      parts[kept - 1].end = part.end;
    } else {
      parts[kept++] = part;
    }
    previous_is_match = part.is_match;
  }
  parts.resize(kept);
}

void merge_with_next(std::vector<TextPart>& parts) {
  std::ranges::reverse(parts);
  std::size_t kept = 0;
  bool previous_is_match = false;
  for (const TextPart& part : parts) {
    if (part.is_match && !previous_is_match && kept > 0) {
      parts[kept - 1].begin = part.begin;
    } else {
      parts[kept++] = part;
    }
    previous_is_match = part.is_match;
  }
  parts.resize(kept);
  std::ranges::reverse(parts);
}

void merge_runs(std::vector<TextPart>& parts) {
  std::size_t kept = 0;
  for (const TextPart& part : parts) {
    if (kept > 0 && parts[kept - 1].is_match == part.is_match) {
      parts[kept - 1].end = part.end;
    } else {
      parts[kept++] = part;
    }
  }
  parts.resize(kept);
}

void apply_behavior(std::vector<TextPart>& parts, SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::kIsolated:
      break;
    case SplitBehavior::kRemoved:
      std::erase_if(parts, [](const TextPart& part) { return part.is_match; });
      break;
    case SplitBehavior::kMergedWithPrevious:
      merge_with_previous(parts);
      break;
    case SplitBehavior::kMergedWithNext:
      merge_with_next(parts);
      break;
    case SplitBehavior::kContiguous:
      merge_runs(parts);
      break;
  }
}

struct Words {
  std::vector<std::string_view> texts;
  bool begin_whole_text = false;  // whether the first one does
};

// The word as its step splits it: with its spaces written and its prefix in front.
std::string_view prepare(std::string_view word, bool is_beginning, const PreTokenizerStep& step,
                         std::deque<std::string>& storage) {
  if (!step.space.empty() && word.find(' ') != std::string_view::npos) {
    word = storage.emplace_back(replace_all(word, " ", step.space));
  }
  const bool has_place = step.prefixes_all || is_beginning;
  const bool is_prefixed = step.repeats_prefix || !word.starts_with(step.prefix);
  return has_place && is_prefixed ? storage.emplace_back(step.prefix + std::string(word)) : word;
}

// Splits one word by one step and appends the result to `words`.
void split_word(std::string_view word, bool is_beginning, const PreTokenizerStep& step,
                std::deque<std::string>& storage, std::vector<TextPart>& parts, Words& words) {
  word = prepare(word, is_beginning, step, storage);
  if (!step.pattern) {
    words.begin_whole_text |= is_beginning;
    words.texts.push_back(word);
    return;
  }
  step.pattern->split(word, parts);
  if (step.is_inverted) {
    for (TextPart& part : parts) part.is_match = !part.is_match;
  }
  apply_behavior(parts, step.behavior);
  for (const TextPart& part : parts) {
    if (part.begin == part.end) continue;
    words.begin_whole_text |= is_beginning && part.begin == 0;
    words.texts.push_back(word.substr(part.begin, part.end - part.begin));
  }
}

}  // namespace

PreTokenizer::PreTokenizer(std::vector<PreTokenizerStep> steps) : steps_(std::move(steps)) {
  if (!steps_.empty() && steps_.back().to_byte_characters) {
    leaves_bytes_ = true;
    steps_.back().to_byte_characters = false;
  }
}

bool PreTokenizer::asks_for_beginning() const {
  return std::ranges::any_of(steps_,
                             [](const PreTokenizerStep& step) { return !step.prefixes_all; });
}

std::vector<std::string_view> PreTokenizer::split(std::string_view text, bool is_beginning,
                                                  std::deque<std::string>& storage) const {
  Words words{{text}, is_beginning};
  Words next;
  std::vector<TextPart> parts;
  for (const PreTokenizerStep& step : steps_) {
    next.texts.clear();
    next.begin_whole_text = false;
    for (std::size_t i = 0; i < words.texts.size(); ++i) {
      split_word(words.texts[i], i == 0 && words.begin_whole_text, step, storage, parts, next);
    }
    if (step.to_byte_characters) {
      for (std::string_view& word : next.texts) {
        std::string& characters = storage.emplace_back();
        to_byte_characters(word, characters);
        word = characters;
      }
    }
    std::swap(words, next);
  }
  return std::move(words.texts);
}

}  // namespace circuit
