#include "tracer/text/tokenizer.h"

#include <algorithm>
#include <deque>
#include <stdexcept>
#include <utility>

#include "tracer/text/byte_fallback.h"
#include "tracer/text/byte_level.h"
#include "tracer/text/gguf_tokenizer.h"
#include "tracer/text/sentencepiece_file.h"
#include "tracer/text/special_tokens.h"
#include "tracer/text/tokenizer_file.h"
#include "tracer/text/utf8.h"
#include "tracer/text/word_cache.h"
#include "tracer/text/word_sections.h"

namespace circuit {
namespace {

// What one call of encode works with.
struct Encoding {
  std::vector<std::int32_t> ids;
  std::deque<std::string> storage;  // texts that the cache's words look into
  WordCache cache;
  std::string characters;  // of the word at hand
};

}  // namespace

struct Tokenizer::Impl {
  TokenizerParts parts;
  SpecialTokenIds special;
  std::optional<WordSections> sections;  // none where words are short

  void find_sections();
  std::size_t section_end(std::string_view word, std::size_t begin) const;
  void append_word(std::string_view word, Encoding& encoding) const;
  void append_text(std::string_view text, bool is_beginning, Encoding& encoding) const;
  void append_raw_text(std::string_view text, Encoding& encoding) const;
  std::string_view text_of(std::int32_t id) const;
  bool contains(std::int32_t id) const;
  std::string first_token_bytes(std::int32_t id) const;
  bool is_special(std::int32_t id) const;
  std::optional<std::int32_t> find(const std::optional<std::string>& name) const;
  void set_special_tokens(const SpecialTokenNames& names);
};

void Tokenizer::Impl::append_word(std::string_view word, Encoding& encoding) const {
  std::vector<std::int32_t>& ids = encoding.ids;
  WordCache::Entry& entry = encoding.cache.find(word);
  const std::size_t begin = ids.size();
  if (!entry.is_new()) {
    const std::size_t count = entry.ids.end - entry.ids.begin;
    ids.resize(begin + count);
    std::copy_n(ids.data() + entry.ids.begin, count, ids.data() + begin);
    return;
  }
  if (parts.pre_tokenizer.leaves_bytes()) {
    to_byte_characters(word, encoding.characters);
    encode_word(parts.model, encoding.characters, ids);
  } else {
    encode_word(parts.model, word, ids);
  }
  encoding.cache.fill(entry, word, {begin, ids.size()});
}

// Text without added tokens, normalized.
void Tokenizer::Impl::append_text(std::string_view text, bool is_beginning,
                                  Encoding& encoding) const {
  for (const std::string_view word :
       parts.pre_tokenizer.split(text, is_beginning, encoding.storage)) {
    for (std::size_t begin = 0; begin < word.size();) {
      const std::size_t end = section_end(word, begin);
      append_word(word.substr(begin, end - begin), encoding);
      begin = end;
    }
  }
}

std::size_t Tokenizer::Impl::section_end(std::string_view word, std::size_t begin) const {
  return sections ? sections->end(std::get<Bpe>(parts.model), word, begin) : word.size();
}

void Tokenizer::Impl::find_sections() {
  const Bpe* bpe = std::get_if<Bpe>(&parts.model);
  const bool has_long_words = !parts.pre_tokenizer.leaves_bytes();
  if (bpe != nullptr && has_long_words && bpe->joins_texts_only()) sections.emplace(*bpe);
}

void Tokenizer::Impl::append_raw_text(std::string_view text, Encoding& encoding) const {
  for (const TextPiece& piece : parts.added_tokens.split(text, /*is_normalized=*/false)) {
    if (piece.id >= 0) {
      encoding.ids.push_back(piece.id);
      continue;
    }
    std::string_view normalized = piece.text;
    if (!parts.normalizer.changes_nothing()) {
      normalized = encoding.storage.emplace_back(parts.normalizer.normalize(piece.text));
    }
    for (const TextPiece& part : parts.added_tokens.split(normalized, /*is_normalized=*/true)) {
      if (part.id >= 0) {
        encoding.ids.push_back(part.id);
      } else {
        const bool is_beginning =
            piece.text.data() == text.data() && part.text.data() == normalized.data();
        append_text(part.text, is_beginning, encoding);
      }
    }
  }
}

// Empty when there is no such token.
std::string_view Tokenizer::Impl::text_of(std::int32_t id) const {
  const AddedToken* added = parts.added_tokens.find(id);
  return added != nullptr ? added->content : vocabulary_of(parts.model).text(id);
}

bool Tokenizer::Impl::contains(std::int32_t id) const {
  return parts.added_tokens.find(id) != nullptr || vocabulary_of(parts.model).contains(id);
}

// The bytes of a token at the beginning of a text, where it may lose the sign of a space.
std::string Tokenizer::Impl::first_token_bytes(std::int32_t id) const {
  const std::string text = replace_all(text_of(id), parts.decoder.dropped_from_first, "");
  return decode_token(text, parts.added_tokens.find(id) != nullptr, parts.decoder);
}

bool Tokenizer::Impl::is_special(std::int32_t id) const {
  const AddedToken* added = parts.added_tokens.find(id);
  return (added != nullptr && added->is_special) || special.bos == id || special.eos == id ||
         special.pad == id;
}

std::optional<std::int32_t> Tokenizer::Impl::find(const std::optional<std::string>& name) const {
  if (!name) return std::nullopt;
  if (const AddedToken* added = parts.added_tokens.find(*name)) return added->id;
  const std::int32_t id = vocabulary_of(parts.model).find(*name);
  return id >= 0 ? std::optional(id) : std::nullopt;
}

void Tokenizer::Impl::set_special_tokens(const SpecialTokenNames& names) {
  special.bos = find(names.bos);
  special.eos = find(names.eos);
  special.pad = find(names.pad);
  for (const AddedToken& token : parts.added_tokens.tokens()) {
    const bool is_named =
        special.bos == token.id || special.eos == token.id || special.pad == token.id;
    if (token.is_special && !is_named) special.others.push_back(token.id);
  }
}

Tokenizer::Tokenizer(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

namespace {

std::filesystem::path find_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return path;
  const std::filesystem::path model = path / "tokenizer.model";
  const bool has_json = std::filesystem::exists(path / "tokenizer.json", error);
  return !has_json && std::filesystem::exists(model, error) ? model : path / "tokenizer.json";
}

}  // namespace

Tokenizer Tokenizer::load(const std::filesystem::path& path) {
  if (GgufFile::recognises(path)) {
    GgufTokenizer read = read_gguf_tokenizer(GgufFile::open(path));
    return from_parts(std::move(read.parts), read.names);
  }
  const std::filesystem::path file = find_file(path);
  if (file.extension() == ".model") {
    SentencePieceTokenizer read = read_sentencepiece_file(file);
    return from_parts(std::move(read.parts), read.names);
  }
  return from_parts(read_tokenizer_file(file), read_special_token_names(file.parent_path()));
}

bool Tokenizer::is_at(const std::filesystem::path& path) {
  if (GgufFile::recognises(path)) return GgufFile::open(path).has("tokenizer.ggml.model");
  std::error_code error;
  return std::filesystem::is_regular_file(find_file(path), error);
}

Tokenizer Tokenizer::from_parts(TokenizerParts parts, const SpecialTokenNames& names) {
  auto impl = std::make_unique<Impl>(Impl{std::move(parts), {}, {}});
  impl->set_special_tokens(names);
  impl->find_sections();
  return Tokenizer(std::move(impl));
}

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  check_utf8(text, "encode", "text");
  Encoding encoding;
  encoding.ids.reserve(text.size() / 3 + 8);
  impl_->append_raw_text(text, encoding);
  if (options.add_special_tokens) {
    const TokenizerParts& parts = impl_->parts;
    encoding.ids.insert(encoding.ids.begin(), parts.prefix.begin(), parts.prefix.end());
    encoding.ids.insert(encoding.ids.end(), parts.suffix.begin(), parts.suffix.end());
  }
  return std::move(encoding.ids);
}

std::string Tokenizer::token_bytes(std::int32_t id) const {
  if (id < 0) {
    throw std::invalid_argument("[token_bytes] id " + std::to_string(id) + ", expected 0 or more");
  }
  const bool is_added = impl_->parts.added_tokens.find(id) != nullptr;
  return decode_token(impl_->text_of(id), is_added, impl_->parts.decoder);
}

std::string Tokenizer::token_text(std::int32_t id) const {
  if (id >= 0 && !impl_->contains(id)) return "<id " + std::to_string(id) + ">";
  return escape_invalid_utf8(token_bytes(id));
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids) const {
  std::string text;
  std::string run;  // of byte tokens: either all of it is valid or none of its bytes is shown
  const bool is_byte_level = impl_->parts.decoder.byte_level;
  const auto end_run = [&text, &run, is_byte_level] {
    if (find_invalid_utf8(run)) {
      for (std::size_t i = 0; i < run.size(); ++i) text += "\uFFFD";
    } else {
      text += is_byte_level ? from_byte_characters(run).value_or(run) : run;
    }
    run.clear();
  };
  bool is_first = true;
  for (const std::int32_t id : ids) {
    const std::string bytes = is_first ? impl_->first_token_bytes(id) : token_bytes(id);
    is_first = is_first && !impl_->contains(id);
    const bool is_byte =
        impl_->parts.decoder.byte_fallback && fallback_byte(impl_->text_of(id)).has_value();
    if (is_byte) {
      run += bytes;
    } else {
      end_run();
      text += bytes;
    }
  }
  end_run();
  return replace_invalid_utf8(strip_decoded(text, impl_->parts.decoder));
}

std::int64_t Tokenizer::vocabulary_size() const {
  const auto& added = impl_->parts.added_tokens.tokens();
  return std::max(vocabulary_of(impl_->parts.model).size(),
                  added.empty() ? 0 : added.back().id + 1);
}

bool Tokenizer::is_special(std::int32_t id) const { return impl_->is_special(id); }

const SpecialTokenIds& Tokenizer::special_tokens() const { return impl_->special; }

std::optional<std::int32_t> Tokenizer::find_single(std::string_view text) const {
  const auto single = [this](std::string_view part) -> std::optional<std::int32_t> {
    const std::vector<std::int32_t> ids = encode(part, {.add_special_tokens = false});
    if (ids.size() != 1) return std::nullopt;
    // A character that the vocabulary lacks is not its unknown token.
    const bool is_unknown = unknown_id_of(impl_->parts.model) == ids[0];
    if (is_unknown && part != impl_->text_of(ids[0])) return std::nullopt;
    return ids[0];
  };
  if (const auto id = single(text)) return id;
  // A normalizer may put a space's sign before every text, also before one that has a space.
  if (!text.starts_with(' ')) return std::nullopt;
  const auto id = single(text.substr(1));
  return id && token_bytes(*id) == text ? id : std::nullopt;
}

}  // namespace circuit
