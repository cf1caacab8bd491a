#include "tracer/cli/byte_size.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "export/text/output_text.h"

namespace circuit::cli {
namespace {

struct Unit {
  std::string_view name;  // in lower case
  double bytes = 1;
};

constexpr std::array<Unit, 10> kUnits = {{{"", 1},
                                          {"b", 1},
                                          {"kb", 1e3},
                                          {"mb", 1e6},
                                          {"gb", 1e9},
                                          {"tb", 1e12},
                                          {"kib", 1024.0},
                                          {"mib", 1024.0 * 1024},
                                          {"gib", 1024.0 * 1024 * 1024},
                                          {"tib", 1024.0 * 1024 * 1024 * 1024}}};

[[noreturn]] void fail(std::string_view text) {
  throw std::invalid_argument("size '" + std::string(text) +
                              "', expected a number of bytes such as 1.5GiB, 800MB or 4096");
}

double unit_bytes(std::string_view text, std::string_view whole) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::string name;
  for (const char c : text) {
    name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return unit.bytes;
  }
  fail(whole);
}

}  // namespace

std::int64_t parse_byte_size(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (error != std::errc{}) fail(text);
  const double bytes =
      number * unit_bytes(text.substr(static_cast<std::size_t>(stop - text.data())), text);
  constexpr double kMost = static_cast<double>(std::numeric_limits<std::int64_t>::max());
  if (!(bytes >= 1) || !(bytes < kMost)) fail(text);
  return static_cast<std::int64_t>(bytes);
}

std::string byte_size_option(std::int64_t bytes) {
  std::string text = byte_size_text(bytes);
  std::erase(text, ' ');
  return text;
}

std::string byte_size_text(std::int64_t bytes) {
  constexpr std::array<std::string_view, 5> kNames = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kNames.size(); ++unit) size /= 1024;
  const bool whole = size == std::floor(size) || size >= 100;
  return fixed_text(size, whole ? 0 : 1) + " " + std::string(kNames[unit]);
}

}  // namespace circuit::cli
