#include "tracer/text/pre_tokenizer.h"

#include <algorithm>
#include <utility>

#include "tracer/text/byte_level.h"

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

// Splits one word by one step and appends the result to `words`.
void split_word(std::string_view word, const PreTokenizerStep& step,
                std::deque<std::string>& storage, std::vector<TextPart>& parts,
                std::vector<std::string_view>& words) {
  if (step.add_prefix_space && !word.starts_with(' ')) {
    word = storage.emplace_back(" " + std::string(word));
  }
  if (!step.pattern) {
    words.push_back(word);
    return;
  }
  step.pattern->split(word, parts);
  if (step.is_inverted) {
    for (TextPart& part : parts) part.is_match = !part.is_match;
  }
  apply_behavior(parts, step.behavior);
  for (const TextPart& part : parts) {
    if (part.begin < part.end) words.push_back(word.substr(part.begin, part.end - part.begin));
  }
}

}  // namespace

PreTokenizer::PreTokenizer(std::vector<PreTokenizerStep> steps) : steps_(std::move(steps)) {
  if (!steps_.empty() && steps_.back().to_byte_characters) {
    leaves_bytes_ = true;
    steps_.back().to_byte_characters = false;
  }
}

std::vector<std::string_view> PreTokenizer::split(std::string_view text,
                                                  std::deque<std::string>& storage) const {
  std::vector<std::string_view> words = {text};
  std::vector<std::string_view> next;
  std::vector<TextPart> parts;
  for (const PreTokenizerStep& step : steps_) {
    next.clear();
    for (const std::string_view word : words) split_word(word, step, storage, parts, next);
    if (step.to_byte_characters) {
      for (std::string_view& word : next) {
        std::string& characters = storage.emplace_back();
        to_byte_characters(word, characters);
        word = characters;
      }
    }
    std::swap(words, next);
  }
  return words;
}

}  // namespace circuit
