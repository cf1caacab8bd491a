// What a page of `html_page` holds, as its scripts read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace circuit::testing {

/// What stands between `<script … id="ID">` and its end.
inline std::string script_of(const std::string& page, const std::string& id) {
  const std::string open = "id=\"" + id + "\">";
  const std::size_t start = page.find(open);
  if (start == std::string::npos) return "";
  const std::size_t end = page.find("</script>", start);
  return page.substr(start + open.size(), end - start - open.size());
}

/// Slow and obvious.
inline std::string decoded_base64(std::string_view text) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 255);
  }
  return bytes;
}

/// Head and columns of a page, as its scripts read them.
struct Decoded {
  nlohmann::json head;
  std::string bytes;

  template <typename T>
  std::vector<T> column(const std::string& name) const {
    for (const nlohmann::json& column : head["columns"]) {
      if (column["name"] != name) continue;
      std::vector<T> values(column["count"].get<std::size_t>());
      if (values.empty()) return values;
      std::memcpy(values.data(), bytes.data() + column["offset"].get<std::size_t>(),
                  values.size() * sizeof(T));
      return values;
    }
    ADD_FAILURE() << "no column " << name;
    return {};
  }
};

inline Decoded decode(const std::string& page) {
  return {.head = nlohmann::json::parse(script_of(page, "graph-head")),
          .bytes = decoded_base64(script_of(page, "graph-columns"))};
}

}  // namespace circuit::testing
