// The prompts of `--prompts` as they are traced: with names of files, targets and a first token.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tracer/cli/engine.h"

namespace circuit::cli {

struct PromptList {
  std::vector<ListedPrompt> prompts;
  std::vector<std::string> warnings;
};

/// Where a line says nothing, its targets, `--bos` and how chats end are those of `common`, its
/// name is the line number in six digits. Throws std::runtime_error `[read_prompts] FILE:LINE: …`
/// for what is no prompt file, names that no files may have or that two lines have, and token ids
/// with `--bos`.
PromptList read_prompt_list(const std::filesystem::path& file, const TraceRequest& common);

}  // namespace circuit::cli
