#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <simdjson.h>

#include "tracer/text/tokenizer_file.h"

namespace circuit {
namespace {

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

TokenModel read_model(const JsonValue& model) {
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
