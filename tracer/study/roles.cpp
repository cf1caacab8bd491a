#include "tracer/study/roles.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace circuit {
namespace {

bool is_part_of_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
}

// Ends of all places of `part`; those that are whole words if there are such.
std::vector<std::size_t> ends_of(std::string_view text, std::string_view part) {
  std::vector<std::size_t> all, words;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) {
    const std::size_t end = at + part.size();
    all.push_back(end);
    const bool before = at > 0 && is_part_of_word(text[at - 1]) && is_part_of_word(part.front());
    const bool behind =
        end < text.size() && is_part_of_word(text[end]) && is_part_of_word(part.back());
    if (!before && !behind) words.push_back(end);
  }
  return words.empty() ? all : words;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(' ');
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

// The token that holds the byte ahead of `end`: that of the text cut there, unless the cut made
// other tokens, and then the first that differs.
std::int64_t position_of(const PromptEntry& prompt, std::size_t end,
                         const std::vector<std::int32_t>& ids, const Encode& encode) {
  const std::vector<std::int32_t> cut = encode({.prompt = prompt.prompt->substr(0, end)});
  const auto same = std::ranges::mismatch(cut, ids).in1 - cut.begin();
  const auto length = static_cast<std::int64_t>(cut.size());
  return std::min(same, length - 1);
}

}  // namespace

PromptInput input_of(const PromptEntry& prompt) {
  PromptInput input{.prompt = prompt.prompt.value_or(""), .token_ids = prompt.token_ids};
  if (prompt.chat) {
    input.chat.emplace();
    input.chat->messages = *prompt.chat;
  }
  return input;
}

std::optional<std::size_t> end_of_field(const PromptEntry& prompt, const std::string& field) {
  const auto found = prompt.fields.find(field);
  if (!prompt.prompt || found == prompt.fields.end()) return std::nullopt;
  const std::string_view part = trimmed(found->second);
  if (part.empty()) return std::nullopt;
  const std::vector<std::size_t> ends = ends_of(*prompt.prompt, part);
  if (ends.empty()) return std::nullopt;
  // Fields with the same text share its places out in the order of their names.
  std::size_t place = 0;
  for (const auto& [name, text] : prompt.fields) {
    if (name == field) break;
    place += trimmed(text) == part;
  }
  return ends[std::min(place, ends.size() - 1)];
}

Roles::Roles(const std::vector<PromptEntry>& prompts, const std::vector<std::string>& roles,
             const Encode& encode)
    : positions_(prompts.size()) {
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::vector<std::int32_t> ids = encode(input_of(prompts[i]));
    lengths_.push_back(static_cast<std::int64_t>(ids.size()));
    for (const std::string& role : roles) {
      if (role == kLastRole) {
        positions_[i][role] = lengths_.back() - 1;
      } else if (const auto end = end_of_field(prompts[i], role)) {
        positions_[i][role] = position_of(prompts[i], *end, ids, encode);
      }
    }
  }
}

std::optional<std::int64_t> Roles::find(std::size_t prompt, const std::string& role) const {
  const auto found = positions_[prompt].find(role);
  if (found == positions_[prompt].end()) return std::nullopt;
  return found->second;
}

}  // namespace circuit
