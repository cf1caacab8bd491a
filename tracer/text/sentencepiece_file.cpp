#include "tracer/text/sentencepiece_file.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tracer/text/bpe_lists.h"
#include "tracer/text/sentencepiece_model.h"
#include "tracer/text/sentencepiece_settings.h"

namespace circuit {
namespace {

using Type = SentencePiece::Type;

constexpr std::string_view kSpace = "\u2581";

bool is_t5(const SentencePieceSettings& settings) {
  return settings.tokenizer_class.starts_with("T5Tokenizer") ||
         settings.tokenizer_class.starts_with("MT5Tokenizer");
}

void check_settings(const SentencePieceSettings& settings, const SentencePieceModel& model) {
  constexpr std::array<std::string_view, 5> kClasses = {"", "LlamaTokenizer", "LlamaTokenizerFast",
                                                        "GemmaTokenizer", "GemmaTokenizerFast"};
  if (!is_t5(settings) && std::ranges::find(kClasses, settings.tokenizer_class) == kClasses.end()) {
    throw std::invalid_argument(
        "tokenizer_config.json: not supported with a tokenizer.model: "
        "tokenizer_class is \"" +
        settings.tokenizer_class + "\" (supported: LlamaTokenizer, GemmaTokenizer, T5Tokenizer)");
  }
  if (!settings.legacy && model.rules.remove_extra_whitespaces) {
    throw std::invalid_argument(
        "tokenizer_config.json: not supported: legacy is false, and the "
        "model removes extra whitespaces");
  }
}

Bpe make_bpe(const SentencePieceModel& model) {
  std::vector<ScoredToken> tokens;
  tokens.reserve(model.pieces.size());
  for (const SentencePiece& piece : model.pieces) {
    tokens.push_back({piece.text, piece.score, piece.type == Type::kNormal});
  }
  return bpe_from_scores(
      tokens,
      {.unknown_id = model.unknown_id, .fuse_unknown = true, .byte_fallback = model.byte_fallback});
}

// A user-defined piece gets more than any other way of writing its text. Measured on SentencePiece
// 0.2.3; older ones have another number here.
double score_of(const SentencePiece& piece) {
  if (piece.type != Type::kUserDefined) return piece.score;
  return static_cast<float>(0.1 * static_cast<double>(piece.text.size() - 1));
}

Unigram make_unigram(const SentencePieceModel& model) {
  std::vector<std::string_view> texts;
  float lowest = std::numeric_limits<float>::max();
  for (const SentencePiece& piece : model.pieces) {
    texts.push_back(piece.text);
    if (piece.type == Type::kNormal) lowest = std::min(lowest, piece.score);
  }
  std::vector<UnigramPiece> pieces;
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePiece& piece = model.pieces[id];
    if (piece.type != Type::kNormal && piece.type != Type::kUserDefined) continue;
    pieces.push_back({static_cast<std::int32_t>(id), score_of(piece)});
  }
  const auto penalty = static_cast<float>(Unigram::kUnknownPenalty);
  return {vocabulary_from_list(texts), pieces,
          UnigramOptions{.unknown_id = model.unknown_id,
                         .unknown_score = lowest - penalty,
                         .byte_fallback = model.byte_fallback,
                         .single_precision = true}};
}

// Those of the settings are found in the text itself, user-defined pieces of BPE in normalized
// text; Unigram finds its own.
AddedTokens make_added_tokens(const SentencePieceModel& model,
                              const SentencePieceSettings& settings) {
  std::vector<AddedToken> added = settings.added_tokens;
  for (const AddedToken& token : added) {
    const auto id = static_cast<std::size_t>(token.id);
    if (id < model.pieces.size() && model.pieces[id].text != token.content) {
      throw std::invalid_argument("tokenizer_config.json calls token " + std::to_string(id) +
                                  " \"" + token.content + "\", the model \"" +
                                  std::string(model.pieces[id].text) + "\"");
    }
  }
  for (std::size_t id = 0; id < model.pieces.size() && model.is_bpe; ++id) {
    if (model.pieces[id].type != Type::kUserDefined) continue;
    added.push_back({.id = static_cast<std::int32_t>(id),
                     .content = std::string(model.pieces[id].text),
                     .is_normalized = true});
  }
  return {std::move(added), Normalizer({})};  // these texts are normalized as they stand
}

std::vector<std::int32_t> find_token(const TokenizerParts& parts, const std::string& text) {
  if (const AddedToken* added = parts.added_tokens.find(text)) return {added->id};
  const std::int32_t id = vocabulary_of(parts.model).find(text);
  return id >= 0 ? std::vector{id} : std::vector<std::int32_t>{};
}

NormalizerStep make_normalizer(SentencePieceRules rules) {
  return {.kind = NormalizerStep::Kind::kSentencePiece,
          .pattern = {},
          .content = {},
          .rules = std::move(rules)};
}

// Where not every text between added tokens gets a space in front, the pre-tokenizer puts one in
// front of the first.
PreTokenizer make_pre_tokenizer(bool prefixes_first) {
  std::vector<PreTokenizerStep> steps(prefixes_first ? 1 : 0);
  if (prefixes_first) {
    steps[0].prefix = kSpace;
    steps[0].repeats_prefix = true;
    steps[0].prefixes_all = false;
  }
  return PreTokenizer(std::move(steps));
}

TokenizerParts make_parts(SentencePieceModel model, const SentencePieceSettings& settings) {
  check_settings(settings, model);
  AddedTokens added_tokens = make_added_tokens(model, settings);
  const bool has_prefix = model.rules.add_dummy_prefix;
  const bool prefixes_first = !settings.legacy && has_prefix && settings.add_prefix_space;
  if (!settings.legacy) model.rules.add_dummy_prefix = false;
  DecoderOptions decoder{.replacements = {{std::string(kSpace), " "}},
                         .byte_fallback = model.byte_fallback};
  if (has_prefix) {
    decoder.stripped = " ";
    decoder.strip_left = 1;
  }
  TokenModel token_model = model.is_bpe ? TokenModel(make_bpe(model)) : make_unigram(model);
  return {.normalizer = Normalizer({make_normalizer(std::move(model.rules))}),
          .added_tokens = std::move(added_tokens),
          .pre_tokenizer = make_pre_tokenizer(prefixes_first),
          .model = std::move(token_model),
          .decoder = std::move(decoder),
          .prefix = {},
          .suffix = {}};
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream bytes;
  if (stream) bytes << stream.rdbuf();
  if (!stream) throw std::invalid_argument("cannot be read");
  return std::move(bytes).str();
}

// The files' names count, then the model's own.
SpecialTokenNames names_of(const SentencePieceModel& model, const std::filesystem::path& folder) {
  const SpecialTokenNames names = read_special_token_names(folder);
  return {.bos = names.bos ? names.bos : model.bos,
          .eos = names.eos ? names.eos : model.eos,
          .pad = names.pad ? names.pad : model.pad};
}

}  // namespace

SentencePieceTokenizer read_sentencepiece_file(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.parent_path();
  const SentencePieceSettings settings = read_sentencepiece_settings(folder);
  std::error_code not_there;
  const std::filesystem::path old_tokens = folder / "added_tokens.json";
  if (settings.added_tokens.empty() && std::filesystem::exists(old_tokens, not_there)) {
    throw std::runtime_error("[load_tokenizer] " + old_tokens.string() +
                             ": not supported: found without added_tokens_decoder in "
                             "tokenizer_config.json, expected its tokens there");
  }
  try {
    const std::string bytes = read_file(file);
    SentencePieceModel model = read_sentencepiece_model(bytes);
    const SpecialTokenNames names = names_of(model, folder);
    TokenizerParts parts = make_parts(std::move(model), settings);
    const bool adds_bos = settings.add_bos_token.value_or(!is_t5(settings));
    const bool adds_eos = settings.add_eos_token.value_or(is_t5(settings));
    if (adds_bos && names.bos) parts.prefix = find_token(parts, *names.bos);
    if (adds_eos && names.eos) parts.suffix = find_token(parts, *names.eos);
    return {std::move(parts), names};
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error("[load_tokenizer] " + file.string() + ": " + error.what());
  }
}

}  // namespace circuit
