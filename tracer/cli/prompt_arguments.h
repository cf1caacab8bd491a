// The options that say what the prompt is, for every subcommand that runs a model on one.
#pragma once

#include <string>

#include "tracer/cli/chat_options.h"
#include "tracer/options.h"

namespace CLI {
class App;
}

namespace circuit::cli {

struct PromptArguments {
  std::string text;  ///< `--prompt`
  std::string file;  ///< `--prompt-file`
  std::string token_ids;
  std::string bos;
  std::string list;  ///< `--prompts`; empty where the subcommand has no such option
  ChatOptions chat;
};

/// `purpose` is what `--prompt` says in the help: "The text to explain".
void add_prompt_arguments(CLI::App& command, PromptArguments& arguments,
                          const std::string& purpose);
/// Adds `--prompts` too; its help says that the rest of the list goes on after a kill.
void add_prompt_list_argument(CLI::App& command, PromptArguments& arguments);

/// Whether the prompts are those of `--prompts`.
bool has_prompt_list(const CLI::App& command);

/// All that the command line alone shows: throws std::invalid_argument unless there is exactly one
/// prompt, and for options that do not go with it.
void check_prompt_arguments(const CLI::App& command, const PromptArguments& arguments);

/// Requires the check. Reads files; throws std::runtime_error when one cannot be read. With a list
/// it holds what all lines share.
PromptInput read_prompt_arguments(const CLI::App& command, const PromptArguments& arguments);

}  // namespace circuit::cli
