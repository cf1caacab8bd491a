// A value inside a tokenizer.json together with its place in the file, so that every complaint
// names both.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simdjson::dom {
class element;
}

namespace circuit {

/// Valid as long as the parser that made `element`. All members but the destructor throw
/// std::runtime_error `[load_tokenizer] FILE: KEY ...` when the value is of another type.
class JsonValue {
 public:
  JsonValue(const simdjson::dom::element& element, std::string file, std::string key);
  JsonValue(const JsonValue& other);
  JsonValue(JsonValue&&) noexcept;
  JsonValue& operator=(const JsonValue& other);
  JsonValue& operator=(JsonValue&&) noexcept;
  ~JsonValue();

  /// The member of an object; nothing when it is absent or null.
  std::optional<JsonValue> find(std::string_view key) const;
  /// The same, where absence is an error.
  JsonValue at(std::string_view key) const;

  std::string string() const;
  bool boolean() const;
  std::int32_t integer() const;  ///< 0 or more
  std::vector<JsonValue> array() const;

  /// The member `key` of an object, or `fallback` when it is absent or null.
  bool boolean_or(std::string_view key, bool fallback) const;
  std::string string_or(std::string_view key, std::string_view fallback) const;

  /// Throws `[load_tokenizer] FILE: KEY detail`.
  [[noreturn]] void fail(std::string_view detail) const;
  /// Throws `[load_tokenizer] FILE: not supported: KEY is "found" (supported: expected)`.
  [[noreturn]] void refuse(std::string_view found, std::string_view expected) const;

  const std::string& file() const { return file_; }
  const simdjson::dom::element& element() const { return *element_; }

 private:
  std::unique_ptr<simdjson::dom::element> element_;
  std::string file_;
  std::string key_;
};

}  // namespace circuit
