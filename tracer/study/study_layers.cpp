#include <charconv>
#include <system_error>

#include "tracer/study/study_file.h"

namespace circuit {

std::optional<LayerRange> parse_layers(std::string_view text) {
  const auto layer = [](std::string_view digits) -> std::optional<std::int64_t> {
    std::int64_t number = 0;
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || stop != digits.data() + digits.size() || number < 0) return {};
    return number;
  };
  const std::size_t dots = text.find("..");
  const auto first = layer(text.substr(0, dots));
  const auto last = dots == text.npos ? first : layer(text.substr(dots + 2));
  if (!first || !last || *last < *first) return std::nullopt;
  return LayerRange{*first, *last};
}

std::string layers_text(const LayerRange& layers) {
  return std::to_string(layers.first) + ".." + std::to_string(layers.last);
}

}  // namespace circuit
