#include "tracer/study/place_text.h"

#include <functional>
#include <stdexcept>
#include <utility>

#include "export/text/output_text.h"

namespace circuit {
namespace {

// Calls `fill` for each place, and appends what it returns in its stead.
std::string replace_places(std::string_view text,
                           const std::function<std::string(std::string_view)>& fill) {
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t open = rest.find('{');
    out += rest.substr(0, open);
    if (open == rest.npos) break;
    const std::size_t close = rest.find('}', open);
    if (close == rest.npos) {
      throw std::invalid_argument("'" + std::string(text) + "': a brace is never closed");
    }
    out += fill(rest.substr(open + 1, close - open - 1));
    rest.remove_prefix(close + 1);
  }
  return out;
}

// `from.FIELD` -> (from, FIELD); FIELD alone is of `from`.
std::pair<std::string_view, std::string_view> side_of(std::string_view place) {
  for (const std::string_view side : {"from", "to"}) {
    if (place.starts_with(side) && place.substr(side.size()).starts_with('.')) {
      return {side, place.substr(side.size() + 1)};
    }
  }
  return {"from", place};
}

}  // namespace

std::optional<std::string> value_of(const PromptEntry& prompt, std::string_view key) {
  if (key == "id") return prompt.id;
  if (key == "name") return prompt.name;
  if (key == "split") return prompt.split;
  if (key == "family") return prompt.family;
  if (key == "answer") return prompt.answer;
  const auto found = prompt.fields.find(std::string(key));
  if (found == prompt.fields.end()) return std::nullopt;
  return found->second;
}

std::string fill_places(std::string_view text, const PlaceValues& values) {
  return replace_places(text, [&](std::string_view place) {
    if (place == "strength" && values.strength) return number_text(*values.strength);
    const auto [side, field] = side_of(place);
    const PromptEntry* const prompt = side == "to" ? values.to : values.from;
    const auto value = prompt == nullptr ? std::nullopt : value_of(*prompt, field);
    if (!value) {
      throw std::invalid_argument("'" + std::string(text) + "': {" + std::string(place) +
                                  "} has no value" +
                                  (prompt == nullptr ? " here" : " in prompt " + prompt->id));
    }
    return *value;
  });
}

std::set<std::string> fields_of(std::string_view text, std::string_view side) {
  std::set<std::string> fields;
  replace_places(text, [&](std::string_view place) {
    const auto [found, field] = side_of(place);
    if (found == side && place != "strength") fields.emplace(field);
    return std::string();
  });
  return fields;
}

}  // namespace circuit
