#include "tests/tracer/text/small_tokenizer.h"

#include <algorithm>

#include "tests/support/temp_dir.h"
#include "tracer/text/byte_level.h"

namespace circuit::testing {
namespace {

std::string quote(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

struct Entries {
  std::vector<std::string> tokens;
  std::vector<std::string> merges;  // as JSON
};

Entries make_entries(const std::vector<std::string>& words) {
  Entries entries;
  for (unsigned byte = 0; byte < 256; ++byte) {
    entries.tokens.emplace_back(byte_character(static_cast<unsigned char>(byte)));
  }
  for (const std::string& word : words) {
    std::string merged(byte_character(static_cast<unsigned char>(word.at(0))));
    for (const char c : word.substr(1)) {
      const std::string_view next = byte_character(static_cast<unsigned char>(c));
      const std::string left = merged;
      merged += next;
      if (std::ranges::find(entries.tokens, merged) != entries.tokens.end()) continue;
      entries.tokens.push_back(merged);
      entries.merges.push_back("[" + quote(left) + ", " + quote(next) + "]");
    }
  }
  return entries;
}

}  // namespace

std::string SmallTokenizer::json() const {
  const Entries entries = make_entries(words);
  std::string vocabulary;
  for (std::size_t id = 0; id < entries.tokens.size(); ++id) {
    vocabulary += (id == 0 ? "" : ", ") + quote(entries.tokens[id]) + ": " + std::to_string(id);
  }
  std::string merges;
  for (const std::string& merge : entries.merges) merges += (merges.empty() ? "" : ", ") + merge;
  return "{\"version\": \"1.0\", \"truncation\": null, \"padding\": null, \"added_tokens\": " +
         added_tokens + ", \"normalizer\": " + normalizer +
         ", \"pre_tokenizer\": " + pre_tokenizer + ", \"post_processor\": " + post_processor +
         ", \"decoder\": " + decoder + ", \"model\": {\"type\": \"BPE\", " + model_settings +
         " \"vocab\": {" + vocabulary + "}, \"merges\": [" + merges + "]}}";
}

Tokenizer SmallTokenizer::load() const {
  const TempDir folder;
  write_text(folder / "tokenizer.json", json());
  return Tokenizer::load(folder.path());
}

Tokenizer SmallTokenizer::load(std::string_view config) const {
  const TempDir folder;
  write_text(folder / "tokenizer.json", json());
  write_text(folder / "tokenizer_config.json", config);
  return Tokenizer::load(folder.path());
}

std::string added_token(std::int32_t id, std::string_view content, bool is_special,
                        std::string_view settings) {
  return "{\"id\": " + std::to_string(id) + ", \"content\": " + quote(content) + ", " +
         std::string(settings) + "\"special\": " + (is_special ? "true" : "false") + "}";
}

}  // namespace circuit::testing
