#include "export/page/page_skeleton.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "export/page/page_columns.h"

namespace circuit {
namespace {

/// `'sha256-…'` as a policy names a script that it allows.
std::string source_hash(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return "'sha256-" + base64(bytes) + "'";
}

}  // namespace

std::string page_policy(std::string_view script_hash, std::string_view style_hash) {
  return "default-src 'none'; script-src " + source_hash(script_hash) + "; style-src " +
         source_hash(style_hash) + "; base-uri 'none'; form-action 'none'";
}

std::string fill_skeleton(std::string_view skeleton, const PageValues& values) {
  std::string page;
  while (true) {
    const std::size_t open = skeleton.find("{{");
    page.append(skeleton.substr(0, open));
    if (open == std::string_view::npos) return page;
    const std::size_t close = skeleton.find("}}", open);
    page += values.at(skeleton.substr(open + 2, close - open - 2));
    skeleton.remove_prefix(close + 2);
  }
}

std::string script_safe(std::string_view json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      safe += "\\u003c";
    } else {
      safe += c;
    }
  }
  return safe;
}

}  // namespace circuit
