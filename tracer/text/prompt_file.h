// A file of prompts, one JSON object a line (docs/formats.md, prompt file). Non-goals: encoding
// the prompts, names of output files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tracer/text/chat_message.h"

namespace circuit {

/// One line. Exactly one of `prompt`, `token_ids` and `chat` is there.
struct PromptEntry {
  std::size_t line = 0;  ///< counted from 1
  std::string id;        ///< unique in the file; by default the line number
  std::optional<std::string> prompt;
  std::optional<std::vector<std::int32_t>> token_ids;  ///< none is negative
  std::optional<std::vector<ChatMessage>> chat;
  std::optional<std::string> name;  ///< unique where given
  std::optional<std::vector<std::string>> targets;
  std::optional<std::string> answer, split, family;
  std::vector<std::string> paraphrases;
  std::map<std::string, std::string> fields;
};

struct PromptFile {
  std::vector<PromptEntry> entries;   ///< in the order of the file, at least one
  std::vector<std::string> warnings;  ///< one for each unknown key, where it first stands
};

/// Reads and checks the whole file; empty lines are left out. Throws std::runtime_error
/// `[read_prompts] FILE:LINE: …` for what is no such line.
PromptFile read_prompt_file(const std::filesystem::path& path);

}  // namespace circuit
