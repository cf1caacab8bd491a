// The options by which a conversation is the prompt.
#pragma once

#include <string>

#include "tracer/text/chat_message.h"

namespace CLI {
class App;
}

namespace circuit::cli {

struct ChatOptions {
  std::string file;  ///< `--chat`
  std::string system, user;
  std::string date;
  bool no_generation_prompt = false;
  bool continue_final_message = false;
};

void add_chat_options(CLI::App& command, ChatOptions& options);

/// Whether the command line has a conversation: `--chat`, or `--user` with or without `--system`.
bool has_chat(const CLI::App& command);

/// All that the command line alone shows: throws std::invalid_argument for options that exclude
/// each other or lack another. `chats_are_elsewhere`: there are some in a file of prompts.
void check_chat_options(const CLI::App& command, const ChatOptions& options,
                        bool chats_are_elsewhere = false);

/// How conversations end and their day, without messages. `today` becomes the day it is.
Chat chat_settings(const ChatOptions& options);

/// Requires has_chat. Reads the file of `--chat`; throws std::runtime_error `[read_chat] …`.
Chat read_chat(const CLI::App& command, const ChatOptions& options);

}  // namespace circuit::cli
