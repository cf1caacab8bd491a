#include "tracer/text/gguf_tokenizer.h"

#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "tracer/text/bpe_lists.h"
#include "tracer/text/gguf_pre_tokenizers.h"
#include "tracer/text/utf8.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // "▁", SentencePiece's space

// Numbers of tokenizer.ggml.token_type.
enum TokenType : std::int64_t { kUndefined, kNormal, kUnknown, kControl, kUserDefined };

[[noreturn]] void fail_at(const GgufFile& file, const std::string& what) {
  throw std::runtime_error("[load_tokenizer] " + file.path().string() + ": " + what);
}

// The keys that both kinds have in common, checked against each other.
struct Keys {
  const GgufFile& file;
  std::vector<std::string_view> tokens;
  std::optional<GgufArrayView> types;

  [[noreturn]] void fail(const std::string& what) const { fail_at(file, what); }

  std::int64_t type(std::size_t id) const { return types ? types->integer(id) : kNormal; }

  /// A list with an entry for each token.
  GgufArrayView list(std::string_view key) const {
    const auto values = file.array(key);
    if (!values) fail("has no key " + std::string(key));
    if (values->size != tokens.size()) {
      fail("key " + std::string(key) + " has " + std::to_string(values->size) + " entries for " +
           std::to_string(tokens.size()) + " tokens");
    }
    return *values;
  }

  std::optional<std::int32_t> id(std::string_view name,
                                 std::optional<std::int32_t> fallback) const {
    const std::string key = "tokenizer.ggml." + std::string(name) + "_token_id";
    const auto value = file.integer(key);
    if (!value) {
      return fallback && static_cast<std::size_t>(*fallback) < tokens.size() ? fallback
                                                                             : std::nullopt;
    }
    // Some writers put the largest number for "none".
    if (*value == 0xFFFF'FFFF || *value == -1) return std::nullopt;
    if (*value < 0 || *value >= static_cast<std::int64_t>(tokens.size())) {
      fail("key " + key + " is " + std::to_string(*value) + ", expected less than " +
           std::to_string(tokens.size()) + ", the number of tokens");
    }
    return static_cast<std::int32_t>(*value);
  }
};

Keys read_keys(const GgufFile& file) {
  Keys keys{file, file.require_texts("tokenizer.ggml.tokens"), {}};
  if (file.has("tokenizer.ggml.token_type")) keys.types = keys.list("tokenizer.ggml.token_type");
  for (std::size_t id = 0; id < keys.tokens.size(); ++id) {
    if (find_invalid_utf8(keys.tokens[id])) {
      keys.fail("token " + std::to_string(id) + " is " +
                escape_invalid_utf8(printable_name(keys.tokens[id])) + ", which is not UTF-8");
    }
  }
  return keys;
}

AddedTokens read_added_tokens(const Keys& keys, const Normalizer& normalizer) {
  std::vector<AddedToken> added;
  for (std::size_t id = 0; id < keys.tokens.size(); ++id) {
    const std::int64_t type = keys.type(id);
    const bool is_special = type == kControl || type == kUnknown;
    if (keys.tokens[id].empty() || (!is_special && type != kUserDefined)) continue;
    added.push_back({.id = static_cast<std::int32_t>(id),
                     .content = std::string(keys.tokens[id]),
                     .is_special = is_special});
  }
  return {std::move(added), normalizer};
}

// Ids that stand before or behind every text.
std::vector<std::int32_t> read_around(const Keys& keys, std::string_view key, bool by_default,
                                      std::optional<std::int32_t> id) {
  if (!keys.file.boolean(key).value_or(by_default)) return {};
  if (!id) keys.fail(std::string(key) + " is true, but there is no such token");
  return {*id};
}

struct Kind {
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  TokenModel model;
  DecoderOptions decoder;
  bool adds_bos = false;
  // What llama.cpp takes where keys are missing.
  std::optional<std::int32_t> bos, eos;
};

GgufTokenizer assemble(const Keys& keys, Kind kind) {
  const auto bos = keys.id("bos", kind.bos);
  const auto eos = keys.id("eos", kind.eos);
  const auto pad = keys.id("padding", std::nullopt);
  const auto name = [&](std::optional<std::int32_t> id) {
    return id ? std::optional(std::string(keys.tokens[static_cast<std::size_t>(*id)]))
              : std::nullopt;
  };
  AddedTokens added = read_added_tokens(keys, kind.normalizer);
  return {{std::move(kind.normalizer), std::move(added), std::move(kind.pre_tokenizer),
           std::move(kind.model), std::move(kind.decoder),
           read_around(keys, "tokenizer.ggml.add_bos_token", kind.adds_bos, bos),
           read_around(keys, "tokenizer.ggml.add_eos_token", false, eos)},
          {name(bos), name(eos), name(pad)}};
}

const GgufPreTokenizer& read_pre(const Keys& keys) {
  const std::string_view name = keys.file.text("tokenizer.ggml.pre").value_or("default");
  if (const GgufPreTokenizer* found = find_gguf_pre_tokenizer(name)) return *found;
  std::string known;
  for (const GgufPreTokenizer& row : gguf_pre_tokenizers()) {
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  keys.fail("key tokenizer.ggml.pre is " + printable_name(name) + ", expected one of " + known);
}

Kind read_byte_level(const Keys& keys) {
  const GgufPreTokenizer& pre = read_pre(keys);
  std::vector<PreTokenizerStep> steps;
  for (const std::string_view pattern : pre.patterns) {
    PreTokenizerStep& step = steps.emplace_back();
    step.pattern = Regex::from_pattern(pattern);
  }
  steps.back().to_byte_characters = true;
  std::vector<NormalizerStep> normalizer;
  if (pre.composes) normalizer.push_back({NormalizerStep::Kind::kNfc, "", ""});
  return {.normalizer = Normalizer(std::move(normalizer)),
          .pre_tokenizer = PreTokenizer(std::move(steps)),
          .model = bpe_from_merges(keys.tokens, keys.file.require_texts("tokenizer.ggml.merges"),
                                   {.ignore_merges = pre.ignore_merges}),
          .decoder = {.byte_level = true},
          .adds_bos = pre.adds_bos,
          .bos = {},
          .eos = {}};
}

Kind read_sentence_piece(const Keys& keys) {
  const GgufArrayView scores = keys.list("tokenizer.ggml.scores");
  std::vector<ScoredToken> tokens;
  tokens.reserve(keys.tokens.size());
  for (std::size_t id = 0; id < keys.tokens.size(); ++id) {
    const std::int64_t type = keys.type(id);
    tokens.push_back({.text = keys.tokens[id],
                      .score = static_cast<float>(scores.number(id)),
                      .is_merged = type == kNormal || type == kUserDefined || type == kUndefined});
  }
  std::vector<NormalizerStep> normalizer;
  if (keys.file.boolean("tokenizer.ggml.add_space_prefix").value_or(true)) {
    normalizer.push_back({NormalizerStep::Kind::kPrepend, "", std::string(kSpace)});
  }
  normalizer.push_back({NormalizerStep::Kind::kReplace, " ", std::string(kSpace)});
  return {.normalizer = Normalizer(std::move(normalizer)),
          .pre_tokenizer = PreTokenizer({}),
          .model =
              bpe_from_scores(tokens, {.unknown_id = keys.id("unknown", 0), .byte_fallback = true}),
          .decoder = {.replacements = {{std::string(kSpace), " "}}, .byte_fallback = true},
          .adds_bos = true,
          .bos = 1,
          .eos = 2};
}

}  // namespace

GgufTokenizer read_gguf_tokenizer(const GgufFile& file) {
  const std::string_view model = file.require_text("tokenizer.ggml.model");
  try {
    if (model == "gpt2") {
      const Keys keys = read_keys(file);
      return assemble(keys, read_byte_level(keys));
    }
    if (model == "llama") {
      const Keys keys = read_keys(file);
      return assemble(keys, read_sentence_piece(keys));
    }
  } catch (const std::invalid_argument& error) {
    fail_at(file, "its tokenizer is damaged: " + printable_name(error.what()));
  }
  fail_at(file,
          "key tokenizer.ggml.model is " + printable_name(model) + ", expected gpt2 or llama");
}

std::string describe_gguf_tokenizer(const GgufFile& file) {
  std::string text(file.require_text("tokenizer.ggml.model"));
  const auto pre = file.text("tokenizer.ggml.pre");
  if (text == "gpt2" && pre) text.append(", split as ").append(*pre);
  return text;
}

std::optional<std::string> read_gguf_chat_template(const GgufFile& file) {
  const auto text = file.text("tokenizer.chat_template");
  return text ? std::optional(std::string(*text)) : std::nullopt;
}

}  // namespace circuit
