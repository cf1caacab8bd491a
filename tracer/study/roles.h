// Places of prompts by what stands there: the last token of a field's text, or the last of all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/options.h"
#include "tracer/text/prompt_file.h"

namespace circuit {

/// The role that every prompt has.
inline constexpr std::string_view kLastRole = "last";

using Encode = std::function<std::vector<std::int32_t>(const PromptInput&)>;

/// The prompt as the model takes it.
PromptInput input_of(const PromptEntry& prompt);

/// The bytes of the prompt's text up to the end of where the field stands, docs/studies.md; nothing
/// where it does not, and for prompts that are no texts.
std::optional<std::size_t> end_of_field(const PromptEntry& prompt, const std::string& field);

/// Lengths and positions of the prompts of a study, found once.
class Roles {
 public:
  Roles(const std::vector<PromptEntry>& prompts, const std::vector<std::string>& roles,
        const Encode& encode);

  std::int64_t n_positions(std::size_t prompt) const { return lengths_[prompt]; }
  /// Nothing where the prompt has no such place.
  std::optional<std::int64_t> find(std::size_t prompt, const std::string& role) const;

 private:
  std::vector<std::int64_t> lengths_;                           // [prompts]
  std::vector<std::map<std::string, std::int64_t>> positions_;  // [prompts]
};

}  // namespace circuit
