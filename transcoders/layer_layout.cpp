#include "transcoders/layer_layout.h"

#include <charconv>
#include <set>
#include <stdexcept>
#include <system_error>

namespace circuit {
namespace {

constexpr std::string_view kSuffix = ".safetensors";

/// Only the plain form counts: `layer_01.safetensors` is nobody's layer 1.
std::optional<std::int64_t> number_in(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || !name.ends_with(kSuffix)) return std::nullopt;
  if (name.size() <= prefix.size() + kSuffix.size()) return std::nullopt;
  const std::string_view digits =
      name.substr(prefix.size(), name.size() - prefix.size() - kSuffix.size());
  std::int64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || stop != end || number < 0) return std::nullopt;
  if (digits != std::to_string(number)) return std::nullopt;
  return number;
}

}  // namespace

std::int64_t count_layer_files(const std::filesystem::path& directory, std::string_view prefix) {
  std::set<std::int64_t> numbers;
  std::error_code error;
  const std::filesystem::directory_iterator entries(directory, error);
  if (error) {
    throw std::runtime_error("[load_transcoders] " + directory.string() + ": cannot be listed (" +
                             error.message() + ")");
  }
  for (const auto& entry : entries) {
    const auto number = number_in(entry.path().filename().string(), prefix);
    if (number) numbers.insert(*number);
  }
  std::int64_t expected = 0;
  for (const std::int64_t number : numbers) {
    if (number != expected) {
      const std::string stem = std::string(prefix);
      throw std::runtime_error("[load_transcoders] " + directory.string() + ": there is no " +
                               stem + std::to_string(expected) + ".safetensors, but " + stem +
                               std::to_string(*numbers.rbegin()) + ".safetensors");
    }
    ++expected;
  }
  return expected;
}

}  // namespace circuit
