#include "tracer/text/chat/chat_template_file.h"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <simdjson.h>

#include "tracer/text/gguf_tokenizer.h"

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

struct Found {
  std::filesystem::path file;
  Settings settings;
};

Found find_in_folder(const std::filesystem::path& folder) {
  Found found{folder / "tokenizer_config.json", read_settings(folder / "tokenizer_config.json")};
  found.settings.special_tokens.merge(
      read_settings(folder / "special_tokens_map.json").special_tokens);
  if (is_file(folder / "chat_template.jinja")) {
    found.file = folder / "chat_template.jinja";
    found.settings.source = read_text(found.file);
  } else if (!found.settings.source) {
    found.file = folder / "chat_template.json";
    found.settings.source = read_settings(found.file).source;
  }
  return found;
}

Found find(const std::filesystem::path& model) {
  if (auto keys = read_gguf_chat_template(model)) {
    return {model, {std::move(keys->source), std::move(keys->special_tokens)}};
  }
  return find_in_folder(is_file(model) ? model.parent_path() : model);
}

}  // namespace

ChatTemplate load_chat_template(const std::filesystem::path& model) {
  Found found = find(model);
  if (!found.settings.source && found.file == model) {
    fail(model, "has no chat template, expected the key tokenizer.chat_template");
  }
  if (!found.settings.source) {
    fail(is_file(model) ? model.parent_path() : model,
         "has no chat template, expected chat_template.jinja or the key chat_template in "
         "tokenizer_config.json");
  }
  return ChatTemplate::parse(*found.settings.source, found.file.string(),
                             std::move(found.settings.special_tokens));
}

bool has_chat_template(const std::filesystem::path& model) {
  return find(model).settings.source.has_value();
}

}  // namespace circuit
