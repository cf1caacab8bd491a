// The top-level keys of a YAML file that describes weights, each with its place for messages. Keys
// that nobody asks for are left alone: other programs keep notes of their own there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace circuit {

/// A value of an enumeration and what files call it.
template <typename Value>
struct Named {
  Value value;
  std::string_view name;
};

/// The first name of `value` in `table`.
template <typename Value>
std::string_view name_in(std::span<const Named<Value>> table, Value value) {
  for (const auto& row : table) {
    if (row.value == value) return row.name;
  }
  throw std::invalid_argument("[name_of] no such value");
}

/// One parsed file. Every look-up throws std::runtime_error
/// `[operation] FILE:LINE: KEY is FOUND, expected …`; a key without a value counts as missing.
class ConfigReader {
 public:
  ConfigReader(std::string_view operation, const std::filesystem::path& path);

  const std::filesystem::path& path() const;
  std::optional<std::string> text(const std::string& key) const;
  std::optional<bool> flag(const std::string& key) const;  ///< true or false
  std::optional<double> positive_number(const std::string& key) const;
  std::optional<std::int64_t> positive_integer(const std::string& key) const;
  /// Entries of a list of texts; an empty list is an error.
  std::optional<std::vector<std::string>> texts(const std::string& key,
                                                std::string_view what) const;

  template <typename Value>
  std::optional<Value> choice(const std::string& key, std::span<const Named<Value>> table) const {
    const std::optional<std::string> name = text(key);
    if (!name) return std::nullopt;
    for (const auto& row : table) {
      if (row.name == *name) return row.value;
    }
    fail_unexpected(key, *name, "one of " + names_in(table));
  }

  template <typename Value>
  Value required_choice(const std::string& key, std::span<const Named<Value>> table) const {
    const std::optional<Value> value = choice(key, table);
    if (value) return *value;
    fail("no key " + key + ", expected one of " + names_in(table));
  }

  [[noreturn]] void fail(const std::string& what) const;
  /// With the line of `key`, which must be there; of its entry `index` when given.
  [[noreturn]] void fail_key(const std::string& key, const std::string& what,
                             std::optional<std::size_t> index = std::nullopt) const;
  /// `KEY is "FOUND", expected EXPECTED`.
  [[noreturn]] void fail_unexpected(const std::string& key, std::string_view found,
                                    const std::string& expected) const;

 private:
  template <typename Value>
  static std::string names_in(std::span<const Named<Value>> table) {
    std::string names;
    for (const auto& row : table) names += (names.empty() ? "" : ", ") + std::string(row.name);
    return names;
  }

  struct Contents;
  std::shared_ptr<const Contents> contents_;
};

}  // namespace circuit
