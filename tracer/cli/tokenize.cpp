#include <memory>
#include <stdexcept>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tracer/cli/command.h"
#include "tracer/cli/json_line.h"
#include "tracer/cli/model_folders.h"
#include "tracer/cli/report_table.h"
#include "tracer/cli/standard_output.h"
#include "tracer/text/tokenizer.h"

namespace circuit::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  circuit tokenize --text 'le contraire de petit est'
  circuit tokenize --model MODEL/tokenizer.json --text 'Dallas' --no-special --json)";

struct TokenizeCommand {
  std::filesystem::path model;
  std::string text;
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
  command.add_flag("--json", tokenize.json, "Print {\"ids\": […], \"tokens\": […]}")
      ->group("Output");
}

void check(const TokenizeCommand& tokenize) {
  if (tokenize.parsed->count("--text") > 0) return;
  throw std::invalid_argument("no text, expected --text TEXT");
}

void run(const TokenizeCommand& tokenize) {
  const Tokenizer tokenizer =
      Tokenizer::load(tokenize.model.empty() ? find_demo() / "model" : tokenize.model);
  const std::vector<std::int32_t> ids =
      tokenizer.encode(tokenize.text, {.add_special_tokens = !tokenize.no_special});
  std::vector<std::string> tokens;
  for (const std::int32_t id : ids) tokens.push_back(tokenizer.token_text(id));
  if (tokenize.json) {
    nlohmann::ordered_json object;
    object["ids"] = ids;
    object["tokens"] = tokens;
    print(json_line(object));
    return;
  }
  ReportTable table;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    table.add(std::to_string(ids[i]), in_quotes(tokens[i]));
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
