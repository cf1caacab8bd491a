// Texts of a study with places in braces: `{from.FIELD}`, `{to.FIELD}`, `{FIELD}`, `{strength}`.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "tracer/text/prompt_file.h"

namespace circuit {

/// What `key` of a prompt is: `id`, `name`, `split`, `family`, `answer`, else a field. Nothing
/// where the prompt has none.
std::optional<std::string> value_of(const PromptEntry& prompt, std::string_view key);

/// What stands in the places. Null = there is none.
struct PlaceValues {
  const PromptEntry* from = nullptr;
  const PromptEntry* to = nullptr;
  std::optional<double> strength;
};

/// Throws std::invalid_argument `'TEXT': …` for a place that has no value and a brace that is not
/// closed.
std::string fill_places(std::string_view text, const PlaceValues& values);

/// The fields that `text` takes from one side, `from` or `to`.
std::set<std::string> fields_of(std::string_view text, std::string_view side);

}  // namespace circuit
