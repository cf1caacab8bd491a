#include "tracer/cli/prompt_list.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "export/names/slug.h"
#include "tracer/text/prompt_file.h"

namespace circuit::cli {
namespace {

std::string six_digits(std::size_t line) {
  const std::string digits = std::to_string(line);
  return std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
}

ListedPrompt listed(PromptEntry entry, const TraceRequest& common) {
  ListedPrompt prompt;
  prompt.line = entry.line;
  prompt.id = std::move(entry.id);
  prompt.name = entry.name ? std::move(*entry.name) : six_digits(entry.line);
  prompt.prompt.prompt = entry.prompt.value_or("");
  prompt.prompt.token_ids = std::move(entry.token_ids);
  if (entry.chat) {
    prompt.prompt.chat = common.prompt.chat.value_or(Chat());  // how it ends, its date
    prompt.prompt.chat->messages = std::move(*entry.chat);
  }
  if (!prompt.prompt.token_ids) prompt.prompt.bos = common.prompt.bos;
  prompt.targets = entry.targets ? std::move(*entry.targets) : common.attribution.targets.named;
  return prompt;
}

}  // namespace

PromptList read_prompt_list(const std::filesystem::path& file, const TraceRequest& common) {
  PromptFile read = read_prompt_file(file);
  PromptList list{.prompts = {}, .warnings = std::move(read.warnings)};
  std::map<std::string, std::size_t> lines;  // name -> the line that has it
  for (PromptEntry& entry : read.entries) {
    ListedPrompt prompt = listed(std::move(entry), common);
    const auto fail = [&](const std::string& what) {
      throw std::runtime_error("[read_prompts] " + file.string() + ":" +
                               std::to_string(prompt.line) + ": " + what);
    };
    try {
      check_name(prompt.name);
    } catch (const std::invalid_argument& error) {
      const std::string what = error.what();
      fail("name " + what.substr(what.find('\'')));
    }
    const auto [first, is_new] = lines.emplace(prompt.name, prompt.line);
    if (!is_new) {
      fail("name '" + prompt.name + "' is that of line " + std::to_string(first->second) +
           " too, expected each once");
    }
    if (prompt.prompt.token_ids && !common.prompt.bos.empty()) {
      fail("token_ids with --bos, expected one of them: ids are taken as given");
    }
    list.prompts.push_back(std::move(prompt));
  }
  return list;
}

}  // namespace circuit::cli
