#include "tracer/cli/chat_options.h"

#include <chrono>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "tracer/text/chat/chat_template.h"
#include "tracer/text/chat_file.h"

namespace circuit::cli {
namespace {

std::string today() {
  const std::chrono::year_month_day day(
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
  const auto padded = [](unsigned number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  return std::to_string(static_cast<int>(day.year())) + "-" +
         padded(static_cast<unsigned>(day.month())) + "-" +
         padded(static_cast<unsigned>(day.day()));
}

}  // namespace

void add_chat_options(CLI::App& command, ChatOptions& options) {
  const std::string group = "Chat";
  command
      .add_option("--chat", options.file,
                  "A conversation, [{\"role\": …, \"content\": …}, …], written as the model's chat "
                  "template says; a reply begins unless the last message is the assistant's")
      ->type_name("FILE.json")
      ->group(group);
  command.add_option("--user", options.user, "The same with this message of the user")
      ->type_name("TEXT")
      ->group(group);
  command.add_option("--system", options.system, "With --user: a system message before it")
      ->type_name("TEXT")
      ->group(group);
  command
      .add_option("--date", options.date,
                  "The day for templates that ask for today's, YYYY-MM-DD or today; without it "
                  "they take one of their own or fail, so that results do not change overnight")
      ->type_name("DAY")
      ->group(group);
  command
      .add_flag("--no-generation-prompt", options.no_generation_prompt, "Begin no reply at the end")
      ->group(group);
  command
      .add_flag("--continue-final-message", options.continue_final_message,
                "Leave the last message open, to be gone on with")
      ->group(group);
}

bool has_chat(const CLI::App& command) {
  return command.count("--chat") > 0 || command.count("--user") > 0 ||
         command.count("--system") > 0;
}

void check_chat_options(const CLI::App& command, const ChatOptions& options,
                        bool chats_are_elsewhere) {
  if (command.count("--system") > 0 && command.count("--user") == 0) {
    throw std::invalid_argument("--system without --user, expected both or --chat");
  }
  if (command.count("--chat") > 0 && command.count("--user") > 0) {
    throw std::invalid_argument("--chat with --user, expected one of them");
  }
  if (options.no_generation_prompt && options.continue_final_message) {
    throw std::invalid_argument(
        "--no-generation-prompt with --continue-final-message, expected one of them");
  }
  if (!options.date.empty() && options.date != "today") parse_date(options.date);
  if (has_chat(command) || chats_are_elsewhere) return;
  for (const char* const option :
       {"--date", "--no-generation-prompt", "--continue-final-message"}) {
    if (command.count(option) > 0) {
      throw std::invalid_argument(std::string(option) +
                                  " without a chat, expected --chat or --user");
    }
  }
}

Chat chat_settings(const ChatOptions& options) {
  Chat chat;
  if (options.no_generation_prompt) chat.ending = Chat::Ending::kClosed;
  if (options.continue_final_message) chat.ending = Chat::Ending::kContinued;
  chat.date = options.date == "today" ? today() : options.date;
  return chat;
}

Chat read_chat(const CLI::App& command, const ChatOptions& options) {
  Chat chat = chat_settings(options);
  if (command.count("--chat") > 0) {
    chat.messages = read_chat_file(options.file);
    return chat;
  }
  if (command.count("--system") > 0) {
    chat.messages.push_back({.role = "system", .content = options.system});
  }
  chat.messages.push_back({.role = "user", .content = options.user});
  return chat;
}

}  // namespace circuit::cli
