// The contents of a SentencePiece model file (tokenizer.model).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/text/sentencepiece_normalizer.h"

namespace circuit {

struct SentencePiece {
  enum class Type : std::uint64_t {
    kNormal = 1,
    kUnknown = 2,
    kControl = 3,
    kUserDefined = 4,
    kUnused = 5,
    kByte = 6
  };
  std::string_view text;
  float score = 0;
  Type type = Type::kNormal;
};

struct SentencePieceModel {
  std::vector<SentencePiece> pieces;  ///< by id; their texts look into the file's bytes
  bool is_bpe = false;                ///< else Unigram
  bool byte_fallback = false;
  std::int32_t unknown_id = 0;
  std::string bos = "<s>";
  std::string eos = "</s>";
  std::string pad = "<pad>";
  SentencePieceRules rules;  ///< with the texts of user-defined pieces as kept ones
};

/// Throws std::invalid_argument when the file is damaged or asks for what is not supported.
SentencePieceModel read_sentencepiece_model(std::string_view file);

}  // namespace circuit
