// A YAML file's first document as values that know their line, for messages. No type is guessed: a
// scalar is a text until someone asks for a number.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace circuit {

/// Cheap to copy. Everything that does not fit throws std::runtime_error
/// `[operation] FILE:LINE: what was found, what was expected`.
class YamlValue {
 public:
  /// Refuses files above 16 MiB and what is no YAML.
  static YamlValue read(const std::filesystem::path& path, const std::string& operation);

  bool is_list() const;
  bool is_map() const;
  /// `what` names the value in messages.
  std::string text(const std::string& what) const;
  double number(const std::string& what) const;  ///< finite
  std::int64_t integer(const std::string& what, std::int64_t least) const;
  /// One scalar is a list of one. At least one.
  std::vector<std::string> texts(const std::string& what) const;
  std::vector<double> numbers(const std::string& what) const;
  std::vector<YamlValue> list(const std::string& what) const;
  /// In the order of the file, keys without a value (null) left out; a key twice is refused.
  std::vector<std::pair<std::string, YamlValue>> members(const std::string& what) const;

  [[noreturn]] void fail(const std::string& what) const;

 private:
  struct Node;
  explicit YamlValue(std::shared_ptr<const Node> node) : node_(std::move(node)) {}

  std::shared_ptr<const Node> node_;
};

/// A map of which every key must be asked for.
class YamlMap {
 public:
  YamlMap(const YamlValue& value, std::string what);

  std::optional<YamlValue> find(const std::string& key);
  YamlValue need(const std::string& key);
  /// Throws for the first key that nobody asked for, naming those that were.
  void finish() const;
  /// As the value's own.
  [[noreturn]] void fail(const std::string& what) const { value_.fail(what); }

 private:
  YamlValue value_;
  std::string what_;
  std::vector<std::pair<std::string, YamlValue>> members_;
  std::vector<std::string> known_;
};

}  // namespace circuit
