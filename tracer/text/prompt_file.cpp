#include "tracer/text/prompt_file.h"

#include <array>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <simdjson.h>

#include "tracer/text/chat_file.h"
#include "tracer/text/json_kind.h"

namespace circuit {
namespace {

using simdjson::dom::element;

/// The members of one line's object; every failure names the file and the line.
class LineReader {
 public:
  LineReader(const std::filesystem::path& path, std::size_t line)
      : start_("[read_prompts] " + path.string() + ":" + std::to_string(line) + ": ") {}

  [[noreturn]] void fail(const std::string& what) const { throw std::runtime_error(start_ + what); }

  std::string text(const element& value, const std::string& key) const {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) refuse(value, key, "a string");
    return std::string(text);
  }

  /// Whole numbers are names too, in files that other programs number.
  std::string id(const element& value) const {
    std::int64_t number = 0;
    if (value.get(number) == simdjson::SUCCESS) return std::to_string(number);
    if (!value.is_string()) refuse(value, "id", "a string or a whole number");
    return text(value, "id");
  }

  std::vector<std::string> texts(const element& value, const std::string& key) const {
    std::vector<std::string> all;
    for (const element& item : list(value, key, "a list of strings")) {
      all.push_back(text(item, key + "[" + std::to_string(all.size()) + "]"));
    }
    return all;
  }

  std::vector<std::int32_t> ids(const element& value) const {
    std::vector<std::int32_t> all;
    for (const element& item : list(value, "token_ids", "a list of token ids")) {
      std::int64_t id = -1;
      if (item.get(id) != simdjson::SUCCESS || id < 0 ||
          id > std::numeric_limits<std::int32_t>::max()) {
        fail("token_ids[" + std::to_string(all.size()) + "] is " + simdjson::minify(item) +
             ", expected a whole number from 0");
      }
      all.push_back(static_cast<std::int32_t>(id));
    }
    return all;
  }

  std::vector<ChatMessage> chat(const element& value) const {
    try {
      return parse_chat(simdjson::minify(value));
    } catch (const std::invalid_argument& error) {
      fail(error.what());
    }
  }

  std::map<std::string, std::string> fields(const element& value) const {
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) refuse(value, "fields", "an object of strings");
    std::map<std::string, std::string> all;
    for (const auto [key, member] : object) {
      const std::string name(key);
      all[name] = text(member, "fields." + name);
    }
    return all;
  }

 private:
  [[noreturn]] void refuse(const element& value, const std::string& key,
                           std::string_view expected) const {
    fail(key + " is " + kind_of(value) + ", expected " + std::string(expected));
  }

  simdjson::dom::array list(const element& value, const std::string& key,
                            std::string_view expected) const {
    simdjson::dom::array items;
    if (value.get(items) != simdjson::SUCCESS) refuse(value, key, expected);
    return items;
  }

  std::string start_;
};

/// False when the file format has no such key.
bool take_member(const LineReader& reader, const std::string& key, const element& value,
                 PromptEntry& entry) {
  if (key == "prompt") {
    entry.prompt = reader.text(value, key);
  } else if (key == "token_ids") {
    entry.token_ids = reader.ids(value);
  } else if (key == "chat") {
    entry.chat = reader.chat(value);
  } else if (key == "id") {
    entry.id = reader.id(value);
  } else if (key == "name") {
    entry.name = reader.text(value, key);
  } else if (key == "targets") {
    entry.targets = reader.texts(value, key);
  } else if (key == "answer") {
    entry.answer = reader.text(value, key);
  } else if (key == "split") {
    entry.split = reader.text(value, key);
  } else if (key == "family") {
    entry.family = reader.text(value, key);
  } else if (key == "paraphrases") {
    entry.paraphrases = reader.texts(value, key);
  } else if (key == "fields") {
    entry.fields = reader.fields(value);
  } else {
    return false;
  }
  return true;
}

void check_one_prompt(const LineReader& reader, const PromptEntry& entry) {
  std::string found;
  int count = 0;
  for (const auto& [name, there] : {std::pair("prompt", entry.prompt.has_value()),
                                    std::pair("token_ids", entry.token_ids.has_value()),
                                    std::pair("chat", entry.chat.has_value())}) {
    if (!there) continue;
    found += (count++ > 0 ? " and " : "") + std::string(name);
  }
  if (count == 1) return;
  reader.fail((count == 0 ? "has no prompt" : "has " + found) +
              ", expected exactly one of prompt, token_ids, chat");
}

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == line.npos; }

std::string read_text(const std::filesystem::path& path) {
  std::ifstream stream;
  if (!std::filesystem::is_directory(path)) stream.open(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream.is_open() || stream.bad()) {
    throw std::runtime_error("[read_prompts] " + path.string() +
                             ": cannot be read, expected a file with one JSON object a line");
  }
  return text;
}

class FileReader {
 public:
  explicit FileReader(const std::filesystem::path& path) : path_(path) {}

  void add_line(std::size_t number, std::string_view line) {
    const LineReader reader(path_, number);
    element root;
    const auto error = parser_.parse(line.data(), line.size()).get(root);
    if (error != simdjson::SUCCESS) {
      reader.fail(std::string("is no JSON (") + simdjson::error_message(error) +
                  "), expected an object on one line");
    }
    simdjson::dom::object object;
    if (root.get(object) != simdjson::SUCCESS) {
      reader.fail("is " + kind_of(root) + ", expected an object");
    }
    PromptEntry entry{.line = number, .id = std::to_string(number)};
    take_members(reader, object, entry);
    check_one_prompt(reader, entry);
    require_unique(reader, "id", entry.id, number, ids_);
    if (entry.name) require_unique(reader, "name", *entry.name, number, names_);
    file_.entries.push_back(std::move(entry));
  }

  PromptFile take() {
    if (file_.entries.empty()) {
      throw std::runtime_error("[read_prompts] " + path_.string() +
                               ": holds no prompt, expected one JSON object a line");
    }
    return std::move(file_);
  }

 private:
  void take_members(const LineReader& reader, simdjson::dom::object object, PromptEntry& entry) {
    std::set<std::string> seen;
    for (const auto [key, value] : object) {
      const std::string name(key);
      if (!seen.insert(name).second) reader.fail("has the key " + name + " twice");
      if (value.is_null()) continue;  // how many programs write that there is nothing
      if (take_member(reader, name, value, entry) || !unknown_.insert(name).second) continue;
      file_.warnings.push_back(path_.string() + ":" + std::to_string(entry.line) +
                               ": unknown key " + name + " is left out, there and later");
    }
  }

  static void require_unique(const LineReader& reader, const std::string& key,
                             const std::string& value, std::size_t line,
                             std::map<std::string, std::size_t>& lines) {
    const auto [first, is_new] = lines.emplace(value, line);
    if (is_new) return;
    reader.fail(key + " '" + value + "' is that of line " + std::to_string(first->second) +
                " too, expected each once");
  }

  std::filesystem::path path_;
  simdjson::dom::parser parser_;
  PromptFile file_;
  std::set<std::string> unknown_;
  std::map<std::string, std::size_t> ids_, names_;  // -> the line that has it
};

}  // namespace

PromptFile read_prompt_file(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  FileReader reader(path);
  std::size_t number = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    ++number;
    if (!is_blank(line)) reader.add_line(number, line);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  }
  return reader.take();
}

}  // namespace circuit
