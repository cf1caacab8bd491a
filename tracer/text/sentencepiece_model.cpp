#include "tracer/text/sentencepiece_model.h"

#include <bit>
#include <stdexcept>

#include "tracer/text/proto_reader.h"
#include "tracer/text/utf8.h"
#include "tracer/text/vocabulary.h"

namespace circuit {
namespace {

using Type = SentencePiece::Type;

// Numbers of the fields of sentencepiece_model.proto that are read.
namespace model_field {
constexpr std::uint32_t kPieces = 1, kTrainer = 2, kNormalizer = 3, kDenormalizer = 5;
}
namespace piece_field {
constexpr std::uint32_t kText = 1, kScore = 2, kType = 3;
}
namespace trainer_field {
constexpr std::uint32_t kModelType = 3, kSpaceAsSuffix = 24, kByteFallback = 35, kBos = 46,
                        kEos = 47, kPad = 48;
}
namespace normalizer_field {
constexpr std::uint32_t kCharsmap = 2, kDummyPrefix = 3, kRemoveSpaces = 4, kEscapeSpaces = 5;
}

constexpr std::uint64_t kUnigramType = 1;
constexpr std::uint64_t kBpeType = 2;

[[noreturn]] void fail(const std::string& what) {
  throw std::invalid_argument("[read_sentencepiece] " + what);
}

SentencePiece read_piece(std::string_view message, std::size_t id) {
  SentencePiece piece;
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == piece_field::kText) piece.text = field->bytes;
    if (field->number == piece_field::kScore) {
      piece.score = std::bit_cast<float>(static_cast<std::uint32_t>(field->integer));
    }
    if (field->number == piece_field::kType) piece.type = static_cast<Type>(field->integer);
  }
  const std::string place = "piece " + std::to_string(id);
  if (piece.text.empty()) fail(place + " has no text");
  if (find_invalid_utf8(piece.text)) fail(place + " is not valid UTF-8");
  if (piece.type < Type::kNormal || piece.type > Type::kByte) {
    fail(place + " is of type " + std::to_string(static_cast<std::uint64_t>(piece.type)) +
         ", expected 1 to 6");
  }
  return piece;
}

void read_trainer(std::string_view message, SentencePieceModel& model) {
  std::uint64_t type = kUnigramType;
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == trainer_field::kModelType) type = field->integer;
    if (field->number == trainer_field::kByteFallback) model.byte_fallback = field->integer != 0;
    if (field->number == trainer_field::kBos) model.bos = field->bytes;
    if (field->number == trainer_field::kEos) model.eos = field->bytes;
    if (field->number == trainer_field::kPad) model.pad = field->bytes;
    if (field->number == trainer_field::kSpaceAsSuffix && field->integer != 0) {
      fail("not supported: treat_whitespace_as_suffix");
    }
  }
  if (type != kUnigramType && type != kBpeType) {
    fail("not supported: model_type " + std::to_string(type) +
         " (supported: 1, Unigram, and 2, BPE)");
  }
  model.is_bpe = type == kBpeType;
}

void read_normalizer(std::string_view message, SentencePieceRules& rules) {
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    const bool value = field->integer != 0;
    if (field->number == normalizer_field::kCharsmap) rules.charsmap = field->bytes;
    if (field->number == normalizer_field::kDummyPrefix) rules.add_dummy_prefix = value;
    if (field->number == normalizer_field::kRemoveSpaces) rules.remove_extra_whitespaces = value;
    if (field->number == normalizer_field::kEscapeSpaces && !value) {
      fail("not supported: escape_whitespaces false");
    }
  }
}

// Which piece is the unknown one, and what the normalizer leaves alone.
void read_types(SentencePieceModel& model) {
  std::size_t n_unknown = 0;
  for (std::size_t id = 0; id < model.pieces.size(); ++id) {
    const SentencePiece& piece = model.pieces[id];
    if (piece.type == Type::kUserDefined) model.rules.kept.emplace_back(piece.text);
    if (piece.type == Type::kUnused && model.is_bpe) {
      fail("not supported: piece " + std::to_string(id) + " is unused, in a BPE model");
    }
    if (piece.type != Type::kUnknown) continue;
    model.unknown_id = static_cast<std::int32_t>(id);
    ++n_unknown;
  }
  if (n_unknown != 1) fail(std::to_string(n_unknown) + " pieces are of type unknown, expected 1");
}

}  // namespace

SentencePieceModel read_sentencepiece_model(std::string_view file) {
  SentencePieceModel model;
  ProtoReader reader(file);
  while (const auto field = reader.next()) {
    if (field->number == model_field::kPieces) {
      model.pieces.push_back(read_piece(field->bytes, model.pieces.size()));
    }
    if (field->number == model_field::kTrainer) read_trainer(field->bytes, model);
    if (field->number == model_field::kNormalizer) read_normalizer(field->bytes, model.rules);
    if (field->number == model_field::kDenormalizer && field->bytes.size() > 2) {
      SentencePieceRules rules;
      read_normalizer(field->bytes, rules);
      if (!rules.charsmap.empty()) fail("not supported: a denormalizer with a table");
    }
  }
  if (model.pieces.size() >= static_cast<std::size_t>(Vocabulary::kMaxTokens)) {
    fail(std::to_string(model.pieces.size()) + " pieces");
  }
  read_types(model);
  return model;
}

}  // namespace circuit
