#include "tracer/cli/prompt_arguments.h"

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "tracer/text/prompt.h"

namespace circuit::cli {
namespace {

bool is_given(const CLI::App& command, const char* option) {
  return command.get_option_no_throw(option) != nullptr && command.count(option) > 0;
}

std::vector<std::int32_t> parse_ids(std::string_view list) {
  std::vector<std::int32_t> ids;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view text = list.substr(0, comma);
    std::int32_t id = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size() || id < 0) {
      throw std::invalid_argument("--token-ids: '" + std::string(text) +
                                  "' is no token id, expected whole numbers such as 1,2,3");
    }
    ids.push_back(id);
    if (comma == std::string_view::npos) return ids;
    list.remove_prefix(comma + 1);
  }
}

std::string read_text(const CLI::App& command, const std::string& file) {
  std::string text;
  if (file == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    std::ifstream stream;
    if (!std::filesystem::is_directory(file)) stream.open(file, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(stream), {});
    if (!stream.is_open() || stream.bad()) {
      throw std::runtime_error("[" + command.get_name() + "] --prompt-file " + file +
                               ": cannot be read, expected a text file");
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

void check_one_prompt(const CLI::App& command) {
  const bool takes_list = command.get_option_no_throw("--prompts") != nullptr;
  const int given = is_given(command, "--prompt") + is_given(command, "--prompt-file") +
                    is_given(command, "--token-ids") + is_given(command, "--prompts") +
                    is_given(command, "--chat") +
                    (is_given(command, "--user") || is_given(command, "--system"));
  if (given == 1) return;
  if (given == 0) {
    throw std::invalid_argument("no prompt; expected one, as in circuit " + command.get_name() +
                                " --prompt 'le contraire de petit est'");
  }
  throw std::invalid_argument(
      "more than one prompt; expected one of --prompt, --prompt-file, --token-ids, " +
      std::string(takes_list ? "--prompts, " : "") + "--chat, --user");
}

}  // namespace

void add_prompt_arguments(CLI::App& command, PromptArguments& arguments,
                          const std::string& purpose) {
  command.add_option("--prompt", arguments.text, purpose)->group("Prompt");
  command
      .add_option("--prompt-file", arguments.file,
                  "File with the prompt (- = standard input); its last line break is left out")
      ->type_name("FILE")
      ->group("Prompt");
  command
      .add_option("--token-ids", arguments.token_ids, "The prompt as ids, 1,2,3, taken as given")
      ->type_name("IDS")
      ->group("Prompt");
  command
      .add_option("--bos", arguments.bos,
                  "Special token at the start: none, or its id; default: the tokenizer's first "
                  "of bos, pad, eos, unless the prompt begins with one")
      ->type_name("ID|none")
      ->group("Prompt");
  add_chat_options(command, arguments.chat);
}

void add_prompt_list_argument(CLI::App& command, PromptArguments& arguments) {
  command
      .add_option("--prompts", arguments.list,
                  "Many prompts, one JSON object a line; what --out holds of them already is left "
                  "out, so a run that was ended goes on where it was")
      ->type_name("FILE.jsonl")
      ->group("Prompt");
}

bool has_prompt_list(const CLI::App& command) { return is_given(command, "--prompts"); }

void check_prompt_arguments(const CLI::App& command, const PromptArguments& arguments) {
  check_one_prompt(command);
  if (is_given(command, "--prompt") && arguments.text.empty()) {
    throw std::invalid_argument("--prompt is empty, expected a text");
  }
  if (is_given(command, "--token-ids")) {
    if (is_given(command, "--bos")) {
      throw std::invalid_argument("--bos with --token-ids, which are taken as given");
    }
    parse_ids(arguments.token_ids);
  }
  if (is_given(command, "--bos")) parse_bos(arguments.bos);
  check_chat_options(command, arguments.chat, has_prompt_list(command));
}

PromptInput read_prompt_arguments(const CLI::App& command, const PromptArguments& arguments) {
  PromptInput input;
  input.bos = arguments.bos;
  input.prompt = arguments.text;
  if (is_given(command, "--prompt-file")) input.prompt = read_text(command, arguments.file);
  if (is_given(command, "--token-ids")) input.token_ids = parse_ids(arguments.token_ids);
  if (has_prompt_list(command)) input.chat = chat_settings(arguments.chat);
  if (has_chat(command)) input.chat = read_chat(command, arguments.chat);
  return input;
}

}  // namespace circuit::cli
