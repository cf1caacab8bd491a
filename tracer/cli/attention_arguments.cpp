#include "tracer/cli/attention_arguments.h"

#include <charconv>
#include <optional>
#include <stdexcept>

#include "export/names/head_ids.h"
#include "export/text/output_text.h"

namespace circuit::cli {
namespace {

[[noreturn]] void refuse(std::string_view option, std::string_view text,
                         const std::string& expected) {
  throw std::invalid_argument(std::string(option) + " is '" + one_line(text) + "', expected " +
                              expected);
}

std::optional<std::int32_t> parse_number(std::string_view text) {
  std::int32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::string_view without_spaces(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

NodeId parse_end(std::string_view edge, std::string_view text) {
  const auto id = parse_node_id(without_spaces(text));
  if (id && id->position) return *id;
  refuse("--edge", edge, "two nodes such as 3_512_4→5_77_4");
}

// What every graph refuses, whatever its nodes are.
void check_ends(std::string_view text, const EdgeIds& edge) {
  const auto& [source, target] = edge;
  if (!target.layer || target.number < 0) {
    refuse("--edge", text,
           "a feature or an output as target; nothing flows into tokens and errors");
  }
  if (source.layer && *source.layer >= *target.layer) {
    refuse("--edge", text, "a target in a layer above that of its source");
  }
  if (*source.position > *target.position) {
    refuse("--edge", text, "a target at the position of its source or a later one");
  }
}

}  // namespace

EdgeIds parse_edge(std::string_view text) {
  for (const std::string_view arrow : {std::string_view("→"), std::string_view("->")}) {
    const std::size_t at = text.find(arrow);
    if (at == std::string_view::npos) continue;
    const EdgeIds edge{.source = parse_end(text, text.substr(0, at)),
                       .target = parse_end(text, text.substr(at + arrow.size()))};
    check_ends(text, edge);
    return edge;
  }
  refuse("--edge", text, "SOURCE→TARGET such as 3_512_4→5_77_4");
}

Head parse_head(std::string_view text) {
  if (const auto head = parse_head_id(text)) return *head;
  refuse("--head", text, "LAYER.HEAD such as 3.2, both counted from 0");
}

std::int32_t parse_position(std::string_view option, std::string_view text) {
  if (const auto position = parse_number(text)) return *position;
  refuse(option, text, "a position such as 4, or -1 for the last");
}

std::int32_t resolve_position(std::string_view option, std::int32_t position,
                              std::size_t n_positions) {
  const auto count = static_cast<std::int64_t>(n_positions);
  if (position >= -count && position < count) {
    return position < 0 ? static_cast<std::int32_t>(count + position) : position;
  }
  throw std::runtime_error("[attention] " + std::string(option) + " is " +
                           std::to_string(position) + ", expected " + std::to_string(-count) +
                           " to " + std::to_string(count - 1) + " in this prompt");
}

}  // namespace circuit::cli
