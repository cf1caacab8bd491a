#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <simdjson.h>

#include "tracer/text/tokenizer_file.h"

namespace circuit {
namespace {

// GPT-2's own pattern, which Hugging Face's ByteLevel holds.
constexpr std::string_view kByteLevelPattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
// "\w+|[^\w\s]+" as the library behind Hugging Face's Whitespace reads \w, which is not Oniguruma.
constexpr std::string_view kWhitespacePattern =
    R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}]+)"
    R"(|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}\s]+)";

SplitBehavior read_behavior(const JsonValue& value) {
  const std::string name = value.string();
  if (name == "Isolated") return SplitBehavior::isolated;
  if (name == "Removed") return SplitBehavior::removed;
  if (name == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (name == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (name == "Contiguous") return SplitBehavior::contiguous;
  value.refuse(name, "Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous");
}

Regex read_pattern(const JsonValue& value) {
  const auto literal = value.find("String");
  const std::string text = literal ? literal->string() : value.at("Regex").string();
  try {
    return literal ? Regex::from_literal(text) : Regex::from_pattern(text);
  } catch (const std::invalid_argument& error) {
    value.fail(error.what());
  }
}

PreTokenizerStep read_split(const JsonValue& value) {
  PreTokenizerStep step;
  step.pattern = read_pattern(value.at("pattern"));
  step.behavior = read_behavior(value.at("behavior"));
  step.is_inverted = value.boolean_or("invert", false);
  return step;
}

PreTokenizerStep read_byte_level(const JsonValue& value) {
  PreTokenizerStep step;
  step.add_prefix_space = value.at("add_prefix_space").boolean();
  if (value.boolean_or("use_regex", true)) step.pattern = Regex::from_pattern(kByteLevelPattern);
  step.to_byte_characters = true;
  return step;
}

PreTokenizerStep split_at(std::string_view pattern, SplitBehavior behavior,
                          bool is_inverted = false) {
  PreTokenizerStep step;
  step.pattern = Regex::from_pattern(pattern);
  step.behavior = behavior;
  step.is_inverted = is_inverted;
  return step;
}

void append_pre_tokenizer(const JsonValue& value, std::vector<PreTokenizerStep>& steps) {
  const std::string type = value.at("type").string();
  if (type == "Sequence") {
    for (const JsonValue& part : value.at("pretokenizers").array()) {
      append_pre_tokenizer(part, steps);
    }
  } else if (type == "ByteLevel") {
    steps.push_back(read_byte_level(value));
  } else if (type == "Split") {
    steps.push_back(read_split(value));
  } else if (type == "Digits") {
    steps.push_back(split_at(R"(\p{N})", value.boolean_or("individual_digits", false)
                                             ? SplitBehavior::isolated
                                             : SplitBehavior::contiguous));
  } else if (type == "Whitespace") {
    steps.push_back(split_at(kWhitespacePattern, SplitBehavior::removed, /*is_inverted=*/true));
  } else if (type == "WhitespaceSplit") {
    steps.push_back(split_at(R"(\s)", SplitBehavior::removed));
  } else {
    value.at("type").refuse(type,
                            "ByteLevel, Split, Digits, Whitespace, WhitespaceSplit, Sequence");
  }
}

Vocabulary read_vocabulary(const JsonValue& value) {
  simdjson::dom::object entries;
  if (value.element().get(entries) != simdjson::SUCCESS) value.fail("is not an object");
  Vocabulary vocabulary;
  vocabulary.reserve(entries.size(), 8 * entries.size());
  for (const auto [text, id_value] : entries) {
    std::int64_t id = -1;
    if (id_value.get(id) != simdjson::SUCCESS || id < 0 || id >= Vocabulary::kMaxTokens) {
      value.fail("gives \"" + std::string(text) + "\" no id from 0 to " +
                 std::to_string(Vocabulary::kMaxTokens - 1));
    }
    if (!vocabulary.add(text, static_cast<std::int32_t>(id))) {
      value.fail("holds \"" + std::string(text) + "\" or the id " + std::to_string(id) + " twice");
    }
  }
  return vocabulary;
}

// Left and right of "a b" or ["a", "b"]; both empty for anything else.
std::pair<std::string_view, std::string_view> split_merge(const simdjson::dom::element& merge) {
  std::string_view text;
  if (merge.get(text) == simdjson::SUCCESS) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos || text.rfind(' ') != space) return {};
    return {text.substr(0, space), text.substr(space + 1)};
  }
  simdjson::dom::array pair;
  std::string_view left;
  std::string_view right;
  if (merge.get(pair) != simdjson::SUCCESS || pair.size() != 2 ||
      pair.at(0).get(left) != simdjson::SUCCESS || pair.at(1).get(right) != simdjson::SUCCESS) {
    return {};
  }
  return {left, right};
}

void read_merges(const JsonValue& value, Bpe& model) {
  simdjson::dom::array merges;
  if (value.element().get(merges) != simdjson::SUCCESS) value.fail("is not an array");
  model.reserve_merges(merges.size());
  std::size_t index = 0;
  for (const auto merge : merges) {
    const auto [left, right] = split_merge(merge);
    if (left.empty() || right.empty()) {
      value.fail("[" + std::to_string(index) + "] is neither \"a b\" nor [\"a\", \"b\"]");
    }
    try {
      model.add_merge(left, right);
    } catch (const std::invalid_argument& error) {
      value.fail("[" + std::to_string(index) + "] is damaged: " + error.what());
    }
    ++index;
  }
}

void check_model(const JsonValue& model) {
  const std::string type = model.string_or("type", model.find("merges") ? "BPE" : "none");
  if (type != "BPE") {
    const auto named = model.find("type");
    (named ? *named : model).refuse(type, "BPE");
  }
  if (const auto dropout = model.find("dropout")) {
    double probability = 0;
    if (dropout->element().get(probability) != simdjson::SUCCESS || probability != 0) {
      dropout->refuse(std::to_string(probability), "null");
    }
  }
  for (const std::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const std::string text = model.string_or(key, "");
    if (!text.empty()) model.at(key).refuse(text, "null");
  }
}

}  // namespace

PreTokenizer read_pre_tokenizer(const JsonValue& root) {
  std::vector<PreTokenizerStep> steps;
  if (const auto value = root.find("pre_tokenizer")) append_pre_tokenizer(*value, steps);
  return PreTokenizer(std::move(steps));
}

Bpe read_bpe(const JsonValue& model) {
  check_model(model);
  Vocabulary vocabulary = read_vocabulary(model.at("vocab"));
  BpeOptions options;
  if (const auto unknown = model.find("unk_token")) {
    const std::int32_t id = vocabulary.find(unknown->string());
    if (id < 0) unknown->fail("is \"" + unknown->string() + "\", which is not in the vocabulary");
    options.unknown_id = id;
  }
  options.fuse_unknown = model.boolean_or("fuse_unk", false);
  options.byte_fallback = model.boolean_or("byte_fallback", false);
  options.ignore_merges = model.boolean_or("ignore_merges", false);
  Bpe bpe(std::move(vocabulary), options);
  read_merges(model.at("merges"), bpe);
  return bpe;
}

}  // namespace circuit
