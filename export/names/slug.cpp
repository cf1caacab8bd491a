#include "export/names/slug.h"

#include <algorithm>
#include <cstddef>
#include <stdexcept>

namespace circuit {
namespace {

constexpr std::size_t kLongestName = 60;

bool allowed(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

}  // namespace

std::string slug(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (allowed(c) && c != '-') {
      if (out.empty() && c == '.') continue;
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  out.resize(std::min(out.size(), kLongestName));
  while (out.ends_with('-')) out.pop_back();
  return out.empty() || out == "graph-metadata" ? "graph" : out;
}

void check_name(std::string_view name) {
  const bool valid = !name.empty() && name.size() <= kLongestName && name.front() != '.' &&
                     name != "graph-metadata" && std::ranges::all_of(name, allowed);
  if (valid) return;
  throw std::invalid_argument("[name] '" + std::string(name) +
                              "' cannot name output files: expected 1 to 60 of A-Z a-z 0-9 _ . -, "
                              "no dot first, not graph-metadata");
}

}  // namespace circuit
