#include "tracer/text/chat/chat_template_file.h"

#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "tracer/text/gguf_tokenizer.h"
#include "transcoders/weights/gguf.h"

namespace circuit {
namespace {

namespace ondemand = simdjson::ondemand;

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw std::runtime_error("[chat_template] " + file.string() + ": " + what);
}

void check(simdjson::error_code code, const std::filesystem::path& file) {
  if (code != simdjson::SUCCESS) {
    fail(file, std::string("is not valid JSON: ") + simdjson::error_message(code));
  }
}

bool is_file(const std::filesystem::path& path) {
  std::error_code missing;
  return std::filesystem::is_regular_file(path, missing);
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream.is_open() || stream.bad()) fail(path, "cannot be read");
  return text;
}

/// What a settings file says: a template, and texts of special tokens.
struct Settings {
  std::optional<std::string> source;
  std::map<std::string, std::string> special_tokens;
};

std::string text_of(ondemand::value value, std::string_view key,
                    const std::filesystem::path& file) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) {
    fail(file, std::string(key) + " is no string");
  }
  return std::string(text);
}

/// A list of {"name", "template"}.
std::string default_template(ondemand::array list, const std::filesystem::path& file) {
  std::string names;
  std::optional<std::string> found;
  for (auto item : list) {
    ondemand::object entry;
    ondemand::value name;
    ondemand::value source;
    check(item.get_object().get(entry), file);
    check(entry["name"].get(name), file);
    const std::string this_name = text_of(name, "chat_template.name", file);
    check(entry["template"].get(source), file);
    if (this_name == "default") found = text_of(source, "chat_template.template", file);
    names += (names.empty() ? "" : ", ") + this_name;
  }
  if (!found) fail(file, "has the chat templates " + names + ", expected one named default");
  return *found;
}

void read_template(ondemand::value value, const std::filesystem::path& file, Settings& settings) {
  ondemand::json_type type{};
  check(value.type().get(type), file);
  if (type == ondemand::json_type::null) return;
  if (type == ondemand::json_type::array) {
    settings.source = default_template(value.get_array(), file);
  } else {
    settings.source = text_of(value, "chat_template", file);
  }
}

// A string, an object with the string "content", or something else, which is no token's text.
void read_token(ondemand::value value, const std::string& key, const std::filesystem::path& file,
                Settings& settings) {
  ondemand::json_type type{};
  check(value.type().get(type), file);
  if (type == ondemand::json_type::string) {
    settings.special_tokens.emplace(key, text_of(value, key, file));
  } else if (type == ondemand::json_type::object) {
    ondemand::value content;
    if (value.get_object().find_field_unordered("content").get(content) == simdjson::SUCCESS) {
      settings.special_tokens.emplace(key, text_of(content, key, file));
    }
  }
}

// On-Demand, because "model_max_length" often is an integer of 31 digits, which DOM refuses.
Settings read_settings(const std::filesystem::path& file) {
  Settings settings;
  if (!is_file(file)) return settings;
  simdjson::padded_string json;
  if (const auto code = simdjson::padded_string::load(file.string()).get(json)) {
    fail(file, std::string("cannot be read: ") + simdjson::error_message(code));
  }
  ondemand::parser parser;
  ondemand::document document;
  ondemand::object object;
  check(parser.iterate(json).get(document), file);
  check(document.get_object().get(object), file);
  for (auto field : object) {
    std::string_view key;
    ondemand::value value;
    check(field.unescaped_key().get(key), file);
    const std::string name(key);
    check(field.value().get(value), file);
    if (name == "chat_template") {
      read_template(value, file, settings);
    } else if (name.ends_with("_token")) {
      read_token(value, name, file, settings);
    }
  }
  return settings;
}

ChatTemplate load_from_gguf(const std::filesystem::path& path) {
  const GgufFile file = GgufFile::open(path);
  const std::optional<std::string> source = read_gguf_chat_template(file);
  if (!source) fail(path, "has no chat template, expected the key tokenizer.chat_template");
  std::map<std::string, std::string> special_tokens;
  const auto texts = file.texts("tokenizer.ggml.tokens").value_or(std::vector<std::string_view>());
  for (const auto& [name, key] : {std::pair("bos_token", "tokenizer.ggml.bos_token_id"),
                                  {"eos_token", "tokenizer.ggml.eos_token_id"},
                                  {"unk_token", "tokenizer.ggml.unknown_token_id"},
                                  {"pad_token", "tokenizer.ggml.padding_token_id"}}) {
    const auto id = file.integer(key);
    if (!id || *id < 0 || static_cast<std::size_t>(*id) >= texts.size()) continue;
    special_tokens.emplace(name, texts[static_cast<std::size_t>(*id)]);
  }
  return ChatTemplate::parse(*source, path.string(), std::move(special_tokens));
}

ChatTemplate load_from_folder(const std::filesystem::path& model) {
  const std::filesystem::path folder = is_file(model) ? model.parent_path() : model;
  Settings settings = read_settings(folder / "tokenizer_config.json");
  settings.special_tokens.merge(read_settings(folder / "special_tokens_map.json").special_tokens);
  std::filesystem::path file = folder / "tokenizer_config.json";
  if (is_file(folder / "chat_template.jinja")) {
    file = folder / "chat_template.jinja";
    settings.source = read_text(file);
  } else if (!settings.source) {
    file = folder / "chat_template.json";
    settings.source = read_settings(file).source;
  }
  if (!settings.source) {
    fail(folder,
         "has no chat template, expected chat_template.jinja or the key chat_template in "
         "tokenizer_config.json");
  }
  return ChatTemplate::parse(*settings.source, file.string(), std::move(settings.special_tokens));
}

}  // namespace

ChatTemplate load_chat_template(const std::filesystem::path& model) {
  return GgufFile::recognises(model) ? load_from_gguf(model) : load_from_folder(model);
}

bool has_chat_template(const std::filesystem::path& model) {
  if (GgufFile::recognises(model)) {
    return read_gguf_chat_template(GgufFile::open(model)).has_value();
  }
  const std::filesystem::path folder = is_file(model) ? model.parent_path() : model;
  return is_file(folder / "chat_template.jinja") ||
         read_settings(folder / "tokenizer_config.json").source ||
         read_settings(folder / "chat_template.json").source;
}

}  // namespace circuit
