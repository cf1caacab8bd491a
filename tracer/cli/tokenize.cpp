#include <memory>
#include <optional>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tracer/cli/chat_options.h"
#include "tracer/cli/command.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/model_folders.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/standard_output.h"
#include "tracer/text/chat/chat_template_file.h"
#include "tracer/text/chat/encode_chat.h"
#include "tracer/text/tokenizer.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit tokenize --text 'le contraire de petit est'
  circuit tokenize --model MODEL/tokenizer.json --text 'Dallas' --no-special --json
  circuit tokenize --model MODEL --system 'Answer in one word.' --user 'And now?' --json)";

struct TokenizeCommand {
  std::filesystem::path model;
  std::string text;
  ChatOptions chat;
  bool no_special = false;
  bool json = false;
  const CLI::App* parsed = nullptr;
};

void add_options(CLI::App& command, TokenizeCommand& tokenize) {
  command
      .add_option("--model", tokenize.model,
                  "Model directory, GGUF file, or a tokenizer.json; without it the bundled demo")
      ->type_name("DIR|FILE")
      ->group("Model");
  command.add_option("--text", tokenize.text, "The text")->group("Text");
  command
      .add_flag("--no-special", tokenize.no_special,
                "Without the special tokens that the tokenizer adds")
      ->group("Text");
  add_chat_options(command, tokenize.chat);
  command
      .add_flag("--json", tokenize.json,
                "Print {\"ids\": […], \"tokens\": […]}; of a chat also \"messages\", the tokens of "
                "each, and \"positions\", those with a name")
      ->group("Output");
}

void check(const TokenizeCommand& tokenize) {
  const CLI::App& command = *tokenize.parsed;
  const bool is_text = command.count("--text") > 0;
  if (!is_text && !has_chat(command)) {
    throw std::invalid_argument("no text, expected --text TEXT, --chat FILE.json or --user TEXT");
  }
  if (is_text && has_chat(command)) {
    throw std::invalid_argument("--text with a chat, expected one of --text, --chat, --user");
  }
  if (tokenize.no_special && has_chat(command)) {
    throw std::invalid_argument(
        "--no-special with a chat, whose template alone says what is added");
  }
  check_chat_options(command, tokenize.chat);
}

nlohmann::ordered_json range_json(const std::optional<TokenRange>& range) {
  if (!range) return nullptr;
  return nlohmann::ordered_json::array({range->begin, range->end});
}

nlohmann::ordered_json messages_json(const std::vector<MessageTokens>& messages) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const MessageTokens& message : messages) {
    nlohmann::ordered_json object;
    object["role"] = message.role;
    object["turn"] = range_json(message.turn);
    object["content"] = range_json(message.content);
    list.push_back(std::move(object));
  }
  return list;
}

nlohmann::ordered_json positions_json(const NamedPositions& positions) {
  nlohmann::ordered_json object;
  object["last_prompt"] = positions.last_prompt;
  object["response"] = range_json(positions.response);
  return object;
}

void print_json(const std::vector<std::int32_t>& ids, const std::vector<std::string>& tokens,
                const std::optional<EncodedChat>& chat) {
  nlohmann::ordered_json object;
  object["ids"] = ids;
  object["tokens"] = tokens;
  if (chat) {
    object["messages"] = messages_json(chat->messages);
    object["positions"] = positions_json(chat->positions);
  }
  print(json_line(object));
}

/// The roles of the messages whose turns hold each token, in the order of the ids.
std::vector<std::string> roles_by_token(const EncodedChat& chat) {
  std::vector<std::string> roles(chat.ids.size());
  for (const MessageTokens& message : chat.messages) {
    if (!message.turn) continue;
    for (std::int64_t i = message.turn->begin; i < message.turn->end; ++i) {
      roles[static_cast<std::size_t>(i)] = message.role;
    }
  }
  return roles;
}

void run(const TokenizeCommand& tokenize) {
  const std::filesystem::path model =
      tokenize.model.empty() ? find_demo() / "model" : tokenize.model;
  const Tokenizer tokenizer = Tokenizer::load(model);
  std::optional<EncodedChat> chat;
  if (has_chat(*tokenize.parsed)) {
    // As transformers' apply_chat_template: nothing but what the template wrote.
    chat =
        encode_chat(tokenizer, load_chat_template(model),
                    read_chat(*tokenize.parsed, tokenize.chat), {.bos = PromptOptions::Bos::kNone});
  }
  const std::vector<std::int32_t> ids =
      chat ? chat->ids
           : tokenizer.encode(tokenize.text, {.add_special_tokens = !tokenize.no_special});
  std::vector<std::string> tokens;
  for (const std::int32_t id : ids) tokens.push_back(tokenizer.token_text(id));
  if (tokenize.json) {
    print_json(ids, tokens, chat);
    return;
  }
  const std::vector<std::string> roles = chat ? roles_by_token(*chat) : std::vector<std::string>();
  ReportTable table;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::string role = chat && !roles[i].empty() ? "  " + roles[i] : "";
    table.add(std::to_string(ids[i]), in_quotes(tokens[i]) + role);
  }
  print(table.text());
}

}  // namespace

Command add_tokenize(CLI::App& program) {
  CLI::App* const command =
      program.add_subcommand("tokenize", "Ids and tokens of a text, as the tokenizer has them");
  const auto tokenize = std::make_shared<TokenizeCommand>();
  tokenize->parsed = command;
  add_options(*command, *tokenize);
  command->footer(kExamples);
  return {.name = "tokenize",
          .check = [tokenize] { check(*tokenize); },
          .run = [tokenize] { run(*tokenize); }};
}

}  // namespace circuit::cli
