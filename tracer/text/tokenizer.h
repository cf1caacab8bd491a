// The ids of a text and the text of ids, as the tokenizer of a model gives them: BPE and Unigram
// of a tokenizer.json (equal to the `tokenizers` package), of a SentencePiece tokenizer.model
// (equal to SentencePiece) or of a GGUF file. Non-goals: WordPiece, offsets, pairs of texts; a
// file's truncation and padding are ignored.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace circuit {

struct SpecialTokenNames;
struct TokenizerParts;

struct EncodeOptions {
  /// Whether the tokenizer's own post-processor adds its tokens (often one at the start).
  bool add_special_tokens = true;
};

/// Named special tokens of tokenizer_config.json, else special_tokens_map.json, beside the
/// tokenizer. A name that the vocabulary lacks counts as undefined.
struct SpecialTokenIds {
  std::optional<std::int32_t> bos, eos, pad;
  std::vector<std::int32_t> others;  ///< remaining special added tokens, ascending
};

/// Immutable once loaded; all members may be called from several threads at once. Cheap to move.
class Tokenizer {
 public:
  /// `path` is a tokenizer.json, a SentencePiece *.model, a directory that holds a tokenizer.json
  /// or else a tokenizer.model, or a GGUF file, whose own keys are honoured. Throws
  /// std::runtime_error naming the file, the key and what was found when the file is unreadable or
  /// of an unsupported kind. Costs 0.2 s for a vocabulary of 256,000 tokens and 580,000 merges.
  static Tokenizer load(const std::filesystem::path& path);
  /// Whether there is a tokenizer at `path` for `load` to read. Throws for a damaged GGUF file.
  static bool is_at(const std::filesystem::path& path);

  /// Of stages made elsewhere; names that are no token count as undefined.
  static Tokenizer from_parts(TokenizerParts parts, const SpecialTokenNames& names);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Text of special and other added tokens in `text` becomes their ids. Throws
  /// std::invalid_argument when `text` is not valid UTF-8. Like Hugging Face's, characters that
  /// the vocabulary lacks become the file's unk_token, or nothing where it has none.
  std::vector<std::int32_t> encode(std::string_view text, EncodeOptions options = {}) const;

  /// Bytes of one token decoded alone, perhaps part of a character; empty when no token has this
  /// id (models may have more rows than the tokenizer has tokens). Throws std::invalid_argument
  /// when `id` is negative.
  std::string token_bytes(std::int32_t id) const;

  /// token_bytes as valid UTF-8: bytes that are no complete character are written \xNN each, a
  /// leading space is kept. An id without a token gives "<id N>".
  std::string token_text(std::int32_t id) const;

  /// The whole text, special tokens included, as valid UTF-8: bytes that are no complete
  /// character become U+FFFD, as in Hugging Face's decode.
  std::string decode(std::span<const std::int32_t> ids) const;

  /// Largest id + 1.
  std::int64_t vocabulary_size() const;

  /// Whether `id` is an added token marked special, or one of bos, eos and pad.
  bool is_special(std::int32_t id) const;
  const SpecialTokenIds& special_tokens() const;

  /// The id when `text` encodes, without special tokens, to exactly one token. A leading space in
  /// `text` is the token's own: it never gets a second one.
  std::optional<std::int32_t> find_single(std::string_view text) const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<const Impl> impl);

  std::unique_ptr<const Impl> impl_;
};

}  // namespace circuit
