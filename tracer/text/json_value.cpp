#include "tracer/text/json_value.h"

#include <limits>
#include <stdexcept>
#include <utility>

#include <simdjson.h>

namespace circuit {

JsonValue::JsonValue(const simdjson::dom::element& element, std::string file, std::string key)
    : element_(std::make_unique<simdjson::dom::element>(element)),
      file_(std::move(file)),
      key_(std::move(key)) {}

JsonValue::JsonValue(const JsonValue& other)
    : JsonValue(*other.element_, other.file_, other.key_) {}
JsonValue::JsonValue(JsonValue&&) noexcept = default;
JsonValue& JsonValue::operator=(const JsonValue& other) { return *this = JsonValue(other); }
JsonValue& JsonValue::operator=(JsonValue&&) noexcept = default;
JsonValue::~JsonValue() = default;

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  if (!element_->is_object()) fail("is not an object");
  simdjson::dom::element member;
  if (element_->at_key(key).get(member) != simdjson::SUCCESS || member.is_null()) {
    return std::nullopt;
  }
  return JsonValue(member, file_, key_.empty() ? std::string(key) : key_ + "." + std::string(key));
}

JsonValue JsonValue::at(std::string_view key) const {
  auto member = find(key);
  if (!member) fail("has no \"" + std::string(key) + "\"");
  return std::move(*member);
}

std::string JsonValue::string() const {
  std::string_view text;
  if (element_->get(text) != simdjson::SUCCESS) fail("is not a string");
  return std::string(text);
}

bool JsonValue::boolean() const {
  bool value = false;
  if (element_->get(value) != simdjson::SUCCESS) fail("is not true or false");
  return value;
}

std::int32_t JsonValue::integer() const {
  std::int64_t value = 0;
  if (element_->get(value) != simdjson::SUCCESS || value < 0 ||
      value > std::numeric_limits<std::int32_t>::max()) {
    fail("is not an integer from 0 to 2147483647");
  }
  return static_cast<std::int32_t>(value);
}

std::vector<JsonValue> JsonValue::array() const {
  simdjson::dom::array values;
  if (element_->get(values) != simdjson::SUCCESS) fail("is not an array");
  std::vector<JsonValue> result;
  for (const auto value : values) {
    result.emplace_back(value, file_, key_ + "[" + std::to_string(result.size()) + "]");
  }
  return result;
}

bool JsonValue::boolean_or(std::string_view key, bool fallback) const {
  const auto member = find(key);
  return member ? member->boolean() : fallback;
}

std::string JsonValue::string_or(std::string_view key, std::string_view fallback) const {
  const auto member = find(key);
  return member ? member->string() : std::string(fallback);
}

void JsonValue::fail(std::string_view detail) const {
  throw std::runtime_error("[load_tokenizer] " + file_ + ": " + (key_.empty() ? "the file" : key_) +
                           " " + std::string(detail));
}

void JsonValue::refuse(std::string_view found, std::string_view expected) const {
  throw std::runtime_error("[load_tokenizer] " + file_ + ": not supported: " + key_ + " is \"" +
                           std::string(found) + "\" (supported: " + std::string(expected) + ")");
}

}  // namespace circuit
