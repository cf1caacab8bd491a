#include "tracer/text/tokenizer_file.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <simdjson.h>

#include "tracer/text/utf8.h"

namespace circuit {
namespace {

std::string type_of(const JsonValue& value) { return value.at("type").string(); }

// The text of {"String": text}.
std::string literal_pattern(const JsonValue& pattern) {
  const auto text = pattern.find("String");
  if (!text) pattern.refuse("Regex", "String");
  std::string literal = text->string();
  if (literal.empty()) text->fail("is empty");
  return literal;
}

void append_normalizer(const JsonValue& normalizer, std::vector<NormalizerStep>& steps) {
  using Kind = NormalizerStep::Kind;
  const std::string type = type_of(normalizer);
  if (type == "Sequence") {
    for (const JsonValue& part : normalizer.at("normalizers").array()) {
      append_normalizer(part, steps);
    }
  } else if (type == "NFC") {
    steps.push_back({Kind::kNfc, "", ""});
  } else if (type == "NFD") {
    steps.push_back({Kind::kNfd, "", ""});
  } else if (type == "NFKC") {
    steps.push_back({Kind::kNfkc, "", ""});
  } else if (type == "NFKD") {
    steps.push_back({Kind::kNfkd, "", ""});
  } else if (type == "Lowercase") {
    steps.push_back({Kind::kLowercase, "", ""});
  } else if (type == "Prepend") {
    steps.push_back({Kind::kPrepend, "", normalizer.at("prepend").string()});
  } else if (type == "Replace") {
    steps.push_back({Kind::kReplace, literal_pattern(normalizer.at("pattern")),
                     normalizer.at("content").string()});
  } else {
    normalizer.at("type").refuse(type,
                                 "NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Sequence");
  }
}

// Prefix and suffix that one post-processor adds around those of the ones before it.
struct Template {
  std::vector<std::int32_t> prefix;
  std::vector<std::int32_t> suffix;
};

void append_template_token(const JsonValue& processor, const JsonValue& special_token,
                           std::vector<std::int32_t>& ids) {
  const std::string name = special_token.at("id").string();
  for (const JsonValue& id : processor.at("special_tokens").at(name).at("ids").array()) {
    ids.push_back(id.integer());
  }
}

Template read_template(const JsonValue& processor) {
  Template result;
  bool is_behind_text = false;
  const JsonValue single = processor.at("single");
  for (const JsonValue& piece : single.array()) {
    if (const auto token = piece.find("SpecialToken")) {
      append_template_token(processor, *token, is_behind_text ? result.suffix : result.prefix);
      continue;
    }
    const JsonValue name = piece.at("Sequence").at("id");
    if (name.string() != "A" || is_behind_text) name.refuse(name.string(), "A, once");
    is_behind_text = true;
  }
  if (!is_behind_text) single.fail("has no place for the text");
  return result;
}

void append_post_processor(const JsonValue& processor, Template& around) {
  const std::string type = type_of(processor);
  if (type == "Sequence") {
    for (const JsonValue& part : processor.at("processors").array()) {
      append_post_processor(part, around);
    }
  } else if (type == "TemplateProcessing") {
    const Template outer = read_template(processor);
    around.prefix.insert(around.prefix.begin(), outer.prefix.begin(), outer.prefix.end());
    around.suffix.insert(around.suffix.end(), outer.suffix.begin(), outer.suffix.end());
  } else if (type != "ByteLevel") {  // which changes offsets only
    processor.at("type").refuse(type, "TemplateProcessing, ByteLevel, Sequence");
  }
}

void append_decoder(const JsonValue& decoder, DecoderOptions& options) {
  const std::string type = type_of(decoder);
  if (options.byte_level) decoder.at("type").refuse(type, "nothing after ByteLevel");
  if (type == "Sequence") {
    for (const JsonValue& part : decoder.at("decoders").array()) append_decoder(part, options);
  } else if (type == "ByteLevel") {
    options.byte_level = true;
  } else if (type == "ByteFallback") {
    options.byte_fallback = true;
  } else if (type == "Replace") {
    const std::string pattern = literal_pattern(decoder.at("pattern"));
    std::size_t length = 0;
    next_character(pattern, length);
    // A longer one could span tokens, which are decoded one by one here.
    if (length != pattern.size()) decoder.at("pattern").refuse(pattern, "a single character");
    options.replacements.emplace_back(pattern, decoder.at("content").string());
  } else if (type != "Fuse") {  // which joins tokens, as is always done
    decoder.at("type").refuse(type, "ByteLevel, ByteFallback, Fuse, Replace, Sequence");
  }
}

DecoderOptions read_decoder(const JsonValue& root) {
  DecoderOptions options;
  append_decoder(root.at("decoder"), options);
  return options;
}

AddedToken read_added_token(const JsonValue& value) {
  AddedToken token;
  token.id = value.at("id").integer();
  token.content = value.at("content").string();
  token.is_special = value.boolean_or("special", false);
  token.single_word = value.boolean_or("single_word", false);
  token.lstrip = value.boolean_or("lstrip", false);
  token.rstrip = value.boolean_or("rstrip", false);
  token.is_normalized = value.boolean_or("normalized", !token.is_special);
  if (token.id >= Vocabulary::kMaxTokens) value.at("id").fail("is too large");
  return token;
}

// The id that Hugging Face's library gives to added tokens, whatever the file says: that of the
// vocabulary, else the next free one. Where the file says something else it is damaged.
class AddedTokenIds {
 public:
  explicit AddedTokenIds(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  std::int32_t next(const std::string& content) {
    std::int32_t id = vocabulary_.find(content);
    if (id < 0) id = std::max(vocabulary_.n_tokens(), largest_ + 1);
    largest_ = std::max(largest_, id);
    return id;
  }

 private:
  const Vocabulary& vocabulary_;
  std::int32_t largest_ = -1;
};

AddedTokens read_added_tokens(const JsonValue& root, const Vocabulary& vocabulary,
                              const Normalizer& normalizer) {
  std::vector<AddedToken> tokens;
  Vocabulary seen;
  AddedTokenIds ids(vocabulary);
  const auto list = root.find("added_tokens");
  const std::vector<JsonValue> values = list ? list->array() : std::vector<JsonValue>{};
  for (const JsonValue& value : values) {
    AddedToken token = read_added_token(value);
    if (token.content.empty()) value.fail("has no content");
    if (seen.find(token.content) >= 0) value.fail("repeats \"" + token.content + "\"");
    if (const std::int32_t id = ids.next(token.content); id != token.id) {
      value.fail("gives \"" + token.content + "\" the id " + std::to_string(token.id) +
                 ", its place in the vocabulary is " + std::to_string(id));
    }
    if (!seen.add(token.content, token.id) ||
        (vocabulary.contains(token.id) && vocabulary.text(token.id) != token.content)) {
      value.fail("has the id " + std::to_string(token.id) + ", which another token has");
    }
    tokens.push_back(std::move(token));
  }
  try {
    return {std::move(tokens), normalizer};
  } catch (const std::invalid_argument& error) {
    root.fail(std::string("is damaged: ") + error.what());
  }
}

void check_template(const Template& around, const TokenizerParts& parts, const JsonValue& root) {
  for (const auto* ids : {&around.prefix, &around.suffix}) {
    for (const std::int32_t id : *ids) {
      if (parts.added_tokens.find(id) == nullptr && !vocabulary_of(parts.model).contains(id)) {
        root.at("post_processor").fail("adds id " + std::to_string(id) + ", which is no token");
      }
    }
  }
}

TokenizerParts read_parts(const JsonValue& root) {
  std::vector<NormalizerStep> steps;
  if (const auto value = root.find("normalizer")) append_normalizer(*value, steps);
  Normalizer normalizer(std::move(steps));
  PreTokenizer pre_tokenizer = read_pre_tokenizer(root);
  DecoderOptions decoder = read_decoder(root);
  Template around;
  if (const auto value = root.find("post_processor")) append_post_processor(*value, around);
  TokenModel model = read_model(root.at("model"));
  AddedTokens added_tokens = read_added_tokens(root, vocabulary_of(model), normalizer);
  TokenizerParts parts{std::move(normalizer),
                       std::move(added_tokens),
                       std::move(pre_tokenizer),
                       std::move(model),
                       std::move(decoder),
                       {},
                       {}};
  check_template(around, parts, root);
  parts.prefix = std::move(around.prefix);
  parts.suffix = std::move(around.suffix);
  return parts;
}

}  // namespace

TokenizerParts read_tokenizer_file(const std::filesystem::path& file) {
  const auto fail = [&file](const std::string& what) {
    throw std::runtime_error("[load_tokenizer] " + file.string() + ": " + what);
  };
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) fail("there is no such file");
  simdjson::padded_string json;
  if (const auto code = simdjson::padded_string::load(file.string()).get(json)) {
    fail(std::string("cannot be read: ") + simdjson::error_message(code));
  }
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (const auto code = parser.parse(json).get(root)) {
    fail(std::string("is not valid JSON: ") + simdjson::error_message(code));
  }
  return read_parts(JsonValue(root, file.string(), ""));
}

}  // namespace circuit
