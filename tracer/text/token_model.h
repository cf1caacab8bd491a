// The models that turn a word into ids.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "tracer/text/bpe.h"
#include "tracer/text/unigram.h"

namespace circuit {

/// GPT-2's, Llama's and Gemma's BPE differ in their vocabularies and in the stages around.
using TokenModel = std::variant<Bpe, Unigram>;

inline void encode_word(const TokenModel& model, std::string_view word,
                        std::vector<std::int32_t>& ids) {
  std::visit([&](const auto& kind) { kind.encode(word, ids); }, model);
}

inline const Vocabulary& vocabulary_of(const TokenModel& model) {
  return std::visit([](const auto& kind) -> const Vocabulary& { return kind.vocabulary(); }, model);
}

inline std::optional<std::int32_t> unknown_id_of(const TokenModel& model) {
  return std::visit([](const auto& kind) { return kind.unknown_id(); }, model);
}

}  // namespace circuit
