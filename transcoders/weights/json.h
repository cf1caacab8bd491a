// Typed look-ups in a small JSON file such as config.json. Non-goal: writing, large vocabularies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace circuit {

/// A parsed file. Keys are paths with dots: "rope_scaling.factor". A look-up of a missing or null
/// key is empty; one of another type throws std::runtime_error
/// `[operation] FILE: key K is TYPE, expected TYPE`.
class JsonFile {
 public:
  /// Throws std::runtime_error `[operation] FILE: …` when it cannot be read or parsed.
  static JsonFile open(std::string_view operation, const std::filesystem::path& path);

  const std::filesystem::path& path() const;
  bool has(std::string_view key) const;       ///< present and not null
  bool contains(std::string_view key) const;  ///< present, perhaps null
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::string> text(std::string_view key) const;
  /// One integer or an array of them; none when it is missing.
  std::vector<std::int64_t> integers(std::string_view key) const;
  /// An array of strings.
  std::optional<std::vector<std::string>> texts(std::string_view key) const;

  /// Like `integer` and `number`, but a missing key is an error that names it.
  std::int64_t require_integer(std::string_view key) const;
  double require_number(std::string_view key) const;

 private:
  struct Contents;
  std::shared_ptr<const Contents> contents_;
};

}  // namespace circuit
