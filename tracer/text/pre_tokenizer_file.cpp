#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
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
  if (value.at("add_prefix_space").boolean()) step.prefix = " ";
  if (value.boolean_or("use_regex", true)) step.pattern = Regex::from_pattern(kByteLevelPattern);
  step.to_byte_characters = true;
  return step;
}

// Where the spaces of a text are written as "replacement", which also stands before it.
PreTokenizerStep read_metaspace(const JsonValue& value) {
  PreTokenizerStep step;
  step.space = value.at("replacement").string();
  if (step.space.empty()) value.at("replacement").fail("is empty");
  const bool prepends = value.boolean_or("add_prefix_space", true);  // of older files
  const std::string scheme = value.string_or("prepend_scheme", prepends ? "always" : "never");
  if (scheme == "first" || scheme == "always") {
    step.prefix = step.space;
    step.prefixes_all = scheme == "always";
  } else if (scheme != "never") {
    value.at("prepend_scheme").refuse(scheme, "always, first, never");
  }
  if (value.boolean_or("split", true)) {
    step.pattern = Regex::from_literal(step.space);
    step.behavior = SplitBehavior::kMergedWithNext;
  }
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
  } else if (type == "Metaspace") {
    steps.push_back(read_metaspace(value));
  } else if (type == "Split") {
    steps.push_back(read_split(value));
  } else if (type == "Digits") {
    steps.push_back(split_at(R"(\p{N})", value.boolean_or("individual_digits", false)
                                             ? SplitBehavior::kIsolated
                                             : SplitBehavior::kContiguous));
  } else if (type == "Whitespace") {
    steps.push_back(split_at(kWhitespacePattern, SplitBehavior::kRemoved, /*is_inverted=*/true));
  } else if (type == "WhitespaceSplit") {
    steps.push_back(split_at(R"(\s)", SplitBehavior::kRemoved));
  } else {
    value.at("type").refuse(
        type, "ByteLevel, Metaspace, Split, Digits, Whitespace, WhitespaceSplit, Sequence");
  }
}

}  // namespace

PreTokenizer read_pre_tokenizer(const JsonValue& root) {
  std::vector<PreTokenizerStep> steps;
  if (const auto value = root.find("pre_tokenizer")) append_pre_tokenizer(*value, steps);
  return PreTokenizer(std::move(steps));
}

}  // namespace circuit
