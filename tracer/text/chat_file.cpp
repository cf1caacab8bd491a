#include "tracer/text/chat_file.h"

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include <simdjson.h>

#include "tracer/text/json_kind.h"

namespace circuit {
namespace {

using simdjson::dom::element;

constexpr const char* kMember = "an object with role and content";
constexpr const char* kContent = R"(a string or a list of {"type": "text", "text": …})";

[[noreturn]] void refuse(const element& value, const std::string& place,
                         const std::string& expected) {
  throw std::invalid_argument(place + " is " + kind_of(value) + ", expected " + expected);
}

std::string text_of(const element& value, const std::string& place, const std::string& expected) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) refuse(value, place, expected);
  return std::string(text);
}

std::string text_part(const element& value, const std::string& place) {
  if (!value.is_object()) refuse(value, place, R"({"type": "text", "text": …})");
  element type;
  element text;
  if (value.at_key("type").get(type) != simdjson::SUCCESS) {
    throw std::invalid_argument(place + " has no type, expected \"text\"");
  }
  if (const std::string name = text_of(type, place + ".type", "a string"); name != "text") {
    throw std::invalid_argument(place + ".type is '" + name + "', expected text");
  }
  if (value.at_key("text").get(text) != simdjson::SUCCESS) {
    throw std::invalid_argument(place + " has no text, expected a string");
  }
  return text_of(text, place + ".text", "a string");
}

std::variant<std::string, std::vector<std::string>> content_of(const element& value,
                                                               const std::string& place) {
  simdjson::dom::array parts;
  if (value.get(parts) != simdjson::SUCCESS) return text_of(value, place, kContent);
  std::vector<std::string> texts;
  for (const element& part : parts) {
    texts.push_back(text_part(part, place + "[" + std::to_string(texts.size()) + "]"));
  }
  return texts;
}

ChatMessage message_of(const element& value, const std::string& place) {
  simdjson::dom::object members;
  if (value.get(members) != simdjson::SUCCESS) refuse(value, place, kMember);
  ChatMessage message;
  bool has_role = false;
  bool has_content = false;
  for (const auto [key, member] : members) {
    const std::string name(key);
    bool& is_there = name == "role" ? has_role : has_content;
    if (name != "role" && name != "content") {
      throw std::invalid_argument(place + " has " + name + ", expected role and content alone");
    }
    if (is_there) throw std::invalid_argument(place + " has the key " + name + " twice");
    is_there = true;
    if (name == "role") {
      message.role = text_of(member, place + ".role", "a string");
    } else {
      message.content = content_of(member, place + ".content");
    }
  }
  for (const auto& [name, is_there] : {std::pair("role", has_role), {"content", has_content}}) {
    if (!is_there) {
      throw std::invalid_argument(place + " has no " + name + ", expected role and content");
    }
  }
  return message;
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream stream;
  if (!std::filesystem::is_directory(path)) stream.open(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (!stream.is_open() || stream.bad()) throw std::invalid_argument("cannot be read");
  return text;
}

}  // namespace

std::vector<ChatMessage> parse_chat(std::string_view json) {
  simdjson::dom::parser parser;
  element root;
  if (const auto error = parser.parse(json.data(), json.size()).get(root)) {
    throw std::invalid_argument(std::string("chat is no JSON (") + simdjson::error_message(error) +
                                "), expected a list of objects with role and content");
  }
  simdjson::dom::array items;
  if (root.get(items) != simdjson::SUCCESS) {
    refuse(root, "chat", "a list of objects with role and content");
  }
  std::vector<ChatMessage> messages;
  for (const element& item : items) {
    messages.push_back(message_of(item, "chat[" + std::to_string(messages.size()) + "]"));
  }
  if (messages.empty()) throw std::invalid_argument("chat is empty, expected a message");
  return messages;
}

std::vector<ChatMessage> read_chat_file(const std::filesystem::path& path) {
  try {
    return parse_chat(read_text(path));
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error("[read_chat] " + path.string() + ": " + error.what());
  }
}

}  // namespace circuit
