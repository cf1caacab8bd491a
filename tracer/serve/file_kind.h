// The files that are served, by the endings of their names.
#pragma once

#include <string_view>

namespace circuit::serve {

inline constexpr std::string_view kGraphEnding = ".graph.safetensors";
inline constexpr std::string_view kJsonEnding = ".json";

struct FileKind {
  std::string_view ending;
  std::string_view content_type;
  std::string_view policy;  ///< Content-Security-Policy of what is sent
};

/// Null for a name with another ending.
const FileKind* kind_of(std::string_view name);

}  // namespace circuit::serve
