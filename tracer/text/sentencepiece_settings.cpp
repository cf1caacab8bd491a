#include "tracer/text/sentencepiece_settings.h"

#include <charconv>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <simdjson.h>

#include "tracer/text/vocabulary.h"

namespace circuit {
namespace {

namespace ondemand = simdjson::ondemand;

// On-Demand, because "model_max_length" often is an integer of 31 digits, which DOM refuses.
class SettingsReader {
 public:
  explicit SettingsReader(std::filesystem::path file) : file_(std::move(file)) {}

  SentencePieceSettings read() const;

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("[load_tokenizer] " + file_.string() + ": " + what);
  }
  void check(simdjson::error_code code, std::string_view key) const {
    if (code == simdjson::SUCCESS) return;
    fail(std::string(key) + " is damaged: " + simdjson::error_message(code));
  }
  bool is_null(ondemand::value value, std::string_view key) const {
    ondemand::json_type type{};
    check(value.type().get(type), key);
    return type == ondemand::json_type::null;
  }
  bool boolean(ondemand::value value, std::string_view key) const {
    bool result = false;
    check(value.get_bool().get(result), key);
    return result;
  }
  std::string text(ondemand::value value, std::string_view key) const {
    std::string_view result;
    check(value.get_string().get(result), key);
    return std::string(result);
  }
  void read_field(std::string_view key, ondemand::value value,
                  SentencePieceSettings& settings) const;
  std::vector<AddedToken> added_tokens(ondemand::value value) const;
  AddedToken added_token(std::string_view id, ondemand::value value) const;

  std::filesystem::path file_;
};

SentencePieceSettings SettingsReader::read() const {
  simdjson::padded_string json;
  check(simdjson::padded_string::load(file_.string()).get(json), "the file");
  ondemand::parser parser;
  ondemand::document document;
  ondemand::object object;
  check(parser.iterate(json).get(document), "the file");
  check(document.get_object().get(object), "the file");
  SentencePieceSettings settings;
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    check(field.unescaped_key().get(key), "the file");
    check(field.value().get(value), key);
    if (!is_null(value, key)) read_field(key, value, settings);
  }
  return settings;
}

void SettingsReader::read_field(std::string_view key, ondemand::value value,
                                SentencePieceSettings& settings) const {
  if (key == "tokenizer_class") settings.tokenizer_class = text(value, key);
  if (key == "add_bos_token") settings.add_bos_token = boolean(value, key);
  if (key == "add_eos_token") settings.add_eos_token = boolean(value, key);
  if (key == "legacy") settings.legacy = boolean(value, key);
  if (key == "add_prefix_space") settings.add_prefix_space = boolean(value, key);
  if (key == "added_tokens_decoder") settings.added_tokens = added_tokens(value);
}

std::vector<AddedToken> SettingsReader::added_tokens(ondemand::value value) const {
  constexpr std::string_view kKey = "added_tokens_decoder";
  ondemand::object object;
  check(value.get_object().get(object), kKey);
  std::vector<AddedToken> tokens;
  for (auto field : object) {
    std::string_view id;
    ondemand::value token;
    check(field.unescaped_key().get(id), kKey);
    check(field.value().get(token), kKey);
    tokens.push_back(added_token(id, token));
  }
  return tokens;
}

AddedToken SettingsReader::added_token(std::string_view id, ondemand::value value) const {
  AddedToken token;
  const std::string place = "added_tokens_decoder." + std::string(id);
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), token.id);
  if (error != std::errc() || end != id.data() + id.size() || token.id < 0 ||
      token.id >= Vocabulary::kMaxTokens) {
    fail(place + " is no id");
  }
  ondemand::object object;
  check(value.get_object().get(object), place);
  for (auto field : object) {
    std::string_view key;
    ondemand::value member;
    check(field.unescaped_key().get(key), place);
    check(field.value().get(member), place);
    if (key == "content") token.content = text(member, place);
    if (key == "lstrip") token.lstrip = boolean(member, place);
    if (key == "rstrip") token.rstrip = boolean(member, place);
    if (key == "single_word") token.single_word = boolean(member, place);
    if (key == "special") token.is_special = boolean(member, place);
  }
  if (token.content.empty()) fail(place + " has no content");
  return token;
}

}  // namespace

SentencePieceSettings read_sentencepiece_settings(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "tokenizer_config.json";
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return {};
  return SettingsReader(file).read();
}

}  // namespace circuit
