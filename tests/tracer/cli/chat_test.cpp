// Conversations as prompts, on the demo's model with a chat template put beside it.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::read_text;
using circuit::testing::TempDir;
using circuit::testing::write_text;
using ::testing::Contains;
using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr const char* kTemplate =
    "{% for m in messages %}<bos> {{ m.role }}: {{ m.content | trim }}\n{% endfor %}"
    "{% if add_generation_prompt %}<bos> assistant:{% endif %}";

struct Chats {
  explicit Chats(const std::string& chat_template) : demo(folder.path()) {
    write_text(demo.model / "chat_template.jinja", chat_template);
  }

  std::vector<std::string> tokenize(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"tokenize", "--model", demo.model});
    return arguments;
  }

  Json tokenized(std::vector<std::string> arguments) const {
    arguments.push_back("--json");
    const ChildResult result = run_circuit(tokenize(std::move(arguments)));
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return Json::parse(result.output, nullptr, /*allow_exceptions=*/false);
  }

  ChildResult trace(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"trace", "--model", demo.model, "--transcoders",
                                         demo.transcoders, "--format", "json", "--out", out()});
    return run_circuit(arguments);
  }

  std::filesystem::path out() const { return folder / "out"; }

  std::string text_of(const Json& report) const {
    std::string text;
    for (const Json& token : report["tokens"]) text += token.get<std::string>();
    return text;
  }

  TempDir folder;
  DemoCopy demo;
};

TEST(Chat, IsTokenizedWithTheTokensOfEachMessage) {
  const Chats chats(kTemplate);
  const Json report = chats.tokenized({"--system", " be brief ", "--user", "hello"});
  EXPECT_EQ(chats.text_of(report), "<bos> system: be brief\n<bos> user: hello\n<bos> assistant:");
  ASSERT_EQ(report["messages"].size(), 2U);
  EXPECT_EQ(report["messages"][1]["role"], "user");
  const std::size_t count = report["ids"].size();
  EXPECT_EQ(report["positions"]["last_prompt"], count - 1);
  EXPECT_EQ(report["positions"]["response"], Json::array({count, count}));
  const std::size_t turn = report["messages"][1]["turn"][0];
  EXPECT_EQ(report["tokens"][turn], "<bos>");
  EXPECT_EQ(report["messages"][0]["turn"], Json::array({0, turn}));
}

TEST(Chat, IsReadFromAFile) {
  const Chats chats(kTemplate);
  const auto file = chats.folder / "chat.json";
  write_text(file,
             R"([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b c"}])");
  EXPECT_EQ(chats.text_of(chats.tokenized({"--chat", file})),
            "<bos> user: a\n<bos> assistant: b c\n");
  EXPECT_EQ(chats.text_of(chats.tokenized({"--chat", file, "--continue-final-message"})),
            "<bos> user: a\n<bos> assistant: b c");
  write_text(file, R"([{"role": "user", "content": "a"}])");
  EXPECT_EQ(chats.text_of(chats.tokenized({"--chat", file, "--no-generation-prompt"})),
            "<bos> user: a\n");
  write_text(file, R"([{"role": "user"}])");
  expect_failure(run_circuit(chats.tokenize({"--chat", file})), 1,
                 {"[read_chat] " + file.string() + ": chat[0] has no content"});
}

TEST(Chat, TellsTheRoleBesideEachToken) {
  const Chats chats(kTemplate);
  const ChildResult result = run_circuit(chats.tokenize({"--user", "a"}));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("\"<bos>\"  user\n"));
  EXPECT_THAT(result.output, HasSubstr("\"<bos>\"\n"));
}

TEST(Chat, IsTracedLikeItsText) {
  const Chats chats(kTemplate);
  EXPECT_EQ(chats.trace({"--user", "a b", "--save-graph"}).exit_code, 0);
  EXPECT_THAT(files_below(chats.out()), Contains("a-b.graph.safetensors"));
  EXPECT_EQ(chats
                .trace({"--prompt", "<bos> user: a b\n<bos> assistant:", "--name", "text",
                        "--save-graph"})
                .exit_code,
            0);
  EXPECT_EQ(read_text(chats.out() / "a-b.graph.safetensors"),
            read_text(chats.out() / "text.graph.safetensors"));
}

TEST(Chat, IsALineOfAPromptFile) {
  const Chats chats(kTemplate);
  const auto file = chats.folder / "p.jsonl";
  write_text(file, R"({"chat": [{"role": "user", "content": "a"}], "name": "first"})");
  const ChildResult result = chats.trace({"--prompts", file, "--no-generation-prompt", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_EQ(chats.text_of(Json::parse(result.output)), "<bos> user: a\n");
  // What a chat's files depend on is part of the mark that they are done.
  EXPECT_EQ(chats.trace({"--prompts", file, "--no-generation-prompt", "--json"}).output, "");
  EXPECT_EQ(chats.text_of(Json::parse(chats.trace({"--prompts", file, "--json"}).output)),
            "<bos> user: a\n<bos> assistant:");
  write_text(chats.demo.model / "chat_template.jinja", "<bos> {{ messages[0].content }}!");
  EXPECT_EQ(chats.text_of(Json::parse(chats.trace({"--prompts", file, "--json"}).output)),
            "<bos> a!");
}

TEST(Chat, TakesTheDayFromTheCommandLineAlone) {
  const Chats chats("<bos> {{ strftime_now('%d %B %Y') }}");
  EXPECT_EQ(chats.text_of(chats.tokenized({"--user", "a", "--date", "2024-07-26"})),
            "<bos> 26 July 2024");
  EXPECT_EQ(run_circuit(chats.tokenize({"--user", "a", "--date", "today"})).exit_code, 0);
  expect_failure(run_circuit(chats.tokenize({"--user", "a"})), 1,
                 {"chat_template.jinja:1: the template asks for today's date"});
}

TEST(Chat, NeedsATemplateThatTakesIt) {
  const Chats chats("<bos>{{ 1 / 0 }}");
  expect_failure(chats.trace({"--user", "a"}), 1, {"chat_template.jinja:1: division by zero"});
  expect_failure(run_circuit({"tokenize", "--user", "a"}), 1,
                 {"[chat_template]", "has no chat template, expected chat_template.jinja"});
}

}  // namespace
}  // namespace circuit::cli::testing
