#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "tracer/text/tokenizer_file.h"

namespace circuit {
namespace {

// Vocabularies may leave ids out (those that a test cuts out of a real one leave most), but a small
// file does not ask for a large table.
std::int64_t id_limit(std::size_t n_entries) {
  const std::size_t limit = std::max<std::size_t>(std::size_t{1} << 19U, 8 * n_entries);
  return static_cast<std::int64_t>(
      std::min(limit, static_cast<std::size_t>(Vocabulary::kMaxTokens)));
}

Vocabulary read_vocabulary(const JsonValue& value) {
  simdjson::dom::object entries;
  if (value.element().get(entries) != simdjson::SUCCESS) value.fail("is not an object");
  const std::int64_t limit = id_limit(entries.size());
  Vocabulary vocabulary;
  vocabulary.reserve(entries.size(), 8 * entries.size());
  for (const auto [text, id_value] : entries) {
    std::int64_t id = -1;
    if (id_value.get(id) != simdjson::SUCCESS || id < 0 || id >= limit) {
      value.fail("gives \"" + std::string(text) + "\" no id from 0 to " +
                 std::to_string(limit - 1));
    }
    if (!vocabulary.add(text, static_cast<std::int32_t>(id))) {
      value.fail("holds \"" + std::string(text) + "\" or the id " + std::to_string(id) + " twice");
    }
  }
  return vocabulary;
}

// Left and right of "a b" or ["a", "b"]; both empty for anything else.
MergeTexts split_merge(const simdjson::dom::element& merge) {
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

// Adds `merges`, of which the first stands at `index`; the complaint names the damaged one.
void add_merges(const JsonValue& value, std::span<const MergeTexts> merges, std::size_t index,
                Bpe& model) {
  try {
    model.add_merges(merges);
  } catch (const std::invalid_argument& error) {
    if (merges.size() == 1) {
      value.fail("[" + std::to_string(index) + "] is damaged: " + error.what());
    }
    for (std::size_t i = 0; i < merges.size(); ++i) {
      add_merges(value, merges.subspan(i, 1), index + i, model);
    }
  }
}

void read_merges(const JsonValue& value, Bpe& model) {
  simdjson::dom::array list;
  if (value.element().get(list) != simdjson::SUCCESS) value.fail("is not an array");
  std::vector<MergeTexts> merges;
  merges.reserve(list.size());
  for (const auto merge : list) {
    const auto [left, right] = split_merge(merge);
    if (left.empty() || right.empty()) {
      value.fail("[" + std::to_string(merges.size()) + "] is neither \"a b\" nor [\"a\", \"b\"]");
    }
    merges.push_back({left, right});
  }
  model.reserve_merges(merges.size());
  constexpr std::size_t kBlock = 256;
  for (std::size_t begin = 0; begin < merges.size(); begin += kBlock) {
    const std::size_t count = std::min(kBlock, merges.size() - begin);
    add_merges(value, std::span(merges).subspan(begin, count), begin, model);
  }
}

void check_bpe(const JsonValue& model) {
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

Bpe read_bpe(const JsonValue& model) {
  check_bpe(model);
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

// Adds the ["text", score] of an id.
UnigramPiece read_piece(const JsonValue& pieces, const simdjson::dom::element& element,
                        Vocabulary& vocabulary, std::int32_t id) {
  simdjson::dom::array pair;
  std::string_view text;
  UnigramPiece piece{id, 0};
  if (element.get(pair) != simdjson::SUCCESS || pair.size() != 2 ||
      pair.at(0).get(text) != simdjson::SUCCESS ||
      pair.at(1).get(piece.score) != simdjson::SUCCESS) {
    pieces.fail("[" + std::to_string(id) + "] is not [\"text\", score]");
  }
  if (text.empty() || !vocabulary.add(text, id)) {
    pieces.fail("[" + std::to_string(id) + "] is \"" + std::string(text) +
                "\", which is empty or there already");
  }
  return piece;
}

Unigram read_unigram(const JsonValue& model) {
  const JsonValue list = model.at("vocab");
  simdjson::dom::array entries;
  if (list.element().get(entries) != simdjson::SUCCESS) list.fail("is not an array");
  Vocabulary vocabulary;
  vocabulary.reserve(entries.size(), 8 * entries.size());
  std::vector<UnigramPiece> pieces;
  pieces.reserve(entries.size());
  double lowest = 0;
  for (const auto entry : entries) {
    pieces.push_back(read_piece(list, entry, vocabulary, static_cast<std::int32_t>(pieces.size())));
    lowest = pieces.size() == 1 ? pieces[0].score : std::min(lowest, pieces.back().score);
  }
  const UnigramOptions options{.unknown_id = model.at("unk_id").integer(),
                               .unknown_score = lowest - Unigram::kUnknownPenalty,
                               .byte_fallback = model.boolean_or("byte_fallback", false)};
  return {std::move(vocabulary), pieces, options};
}

}  // namespace

TokenModel read_model(const JsonValue& model) {
  const bool has_list = model.find("vocab") && model.at("vocab").element().is_array();
  const std::string_view implied = model.find("merges") ? "BPE" : has_list ? "Unigram" : "none";
  const std::string type = model.string_or("type", implied);
  try {
    if (type == "BPE") return read_bpe(model);
    if (type == "Unigram") return read_unigram(model);
  } catch (const std::invalid_argument& error) {
    model.fail(std::string("is damaged: ") + error.what());
  }
  const auto named = model.find("type");
  (named ? *named : model).refuse(type, "BPE, Unigram");
}

}  // namespace circuit
