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

std::string one_character(const JsonValue& value, const std::string& text) {
  std::size_t length = 0;
  if (!text.empty()) next_character(text, length);
  // A longer one could span tokens, which are decoded one by one here.
  if (text.empty() || length != text.size()) value.refuse(text, "a single character");
  return text;
}

void read_metaspace_decoder(const JsonValue& decoder, DecoderOptions& options) {
  const JsonValue replacement = decoder.at("replacement");
  const std::string character = one_character(replacement, replacement.string());
  options.replacements.emplace_back(character, " ");
  const bool prepends = decoder.boolean_or("add_prefix_space", true);  // of older files
  const std::string scheme = decoder.string_or("prepend_scheme", prepends ? "always" : "never");
  if (scheme != "never") options.dropped_from_first = character;
}

void read_strip_decoder(const JsonValue& decoder, DecoderOptions& options) {
  const JsonValue content = decoder.at("content");
  options.stripped = one_character(content, content.string());
  options.strip_left = static_cast<std::size_t>(decoder.at("start").integer());
  options.strip_right = static_cast<std::size_t>(decoder.at("stop").integer());
}

// `is_fused`: a Fuse came before, so that what follows sees the whole text at once.
void append_decoder(const JsonValue& decoder, bool& is_fused, DecoderOptions& options) {
  const std::string type = type_of(decoder);
  if (options.byte_level) decoder.at("type").refuse(type, "nothing after ByteLevel");
  if (type == "Sequence") {
    for (const JsonValue& part : decoder.at("decoders").array()) {
      append_decoder(part, is_fused, options);
    }
  } else if (is_fused && (type == "Metaspace" || type == "ByteFallback")) {
    decoder.at("type").refuse(type, "before Fuse only");
  } else if (type == "ByteLevel") {
    options.byte_level = true;
  } else if (type == "ByteFallback") {
    options.byte_fallback = true;
  } else if (type == "Metaspace") {
    read_metaspace_decoder(decoder, options);
  } else if (type == "Replace") {
    const JsonValue pattern = decoder.at("pattern");
    options.replacements.emplace_back(one_character(pattern, literal_pattern(pattern)),
                                      decoder.at("content").string());
  } else if (type == "Strip") {
    if (!is_fused || !options.stripped.empty()) decoder.at("type").refuse(type, "once, after Fuse");
    read_strip_decoder(decoder, options);
  } else if (type == "Fuse") {
    is_fused = true;
  } else {
    decoder.at("type").refuse(type,
                              "ByteLevel, ByteFallback, Fuse, Metaspace, Replace, Strip, Sequence");
  }
}

DecoderOptions read_decoder(const JsonValue& root) {
  DecoderOptions options;
  bool is_fused = false;
  append_decoder(root.at("decoder"), is_fused, options);
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
  Normalizer normalizer = read_normalizer(root);
  PreTokenizer pre_tokenizer = read_pre_tokenizer(root);
  if (normalizer.may_drop_beginning() && pre_tokenizer.asks_for_beginning()) {
    root.at("pre_tokenizer").refuse("first", "always, never after this normalizer");
  }
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
