#include "tracer/text/prompt_file.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::message_of;
using ::testing::Pair;
using testing::TempDir;
using testing::write_text;

PromptFile read(const std::string& text) {
  const TempDir folder;
  write_text(folder / "p.jsonl", text);
  return read_prompt_file(folder / "p.jsonl");
}

/// The message of reading `text`, behind the name of the file.
std::string failure_of(const std::string& text) {
  const TempDir folder;
  write_text(folder / "p.jsonl", text);
  const std::string message =
      message_of<std::runtime_error>([&] { read_prompt_file(folder / "p.jsonl"); });
  const std::string start = "[read_prompts] " + (folder / "p.jsonl").string();
  return message.starts_with(start) ? message.substr(start.size()) : message;
}

TEST(PromptFile, HoldsAllThatALineSays) {
  const PromptFile file = read(
      R"({"id": "a", "name": "first", "prompt": "x y", "targets": [" z", "#3"], "answer": " z", )"
      R"("split": "dev", "family": "f", "paraphrases": ["y x"], "fields": {"subject": "x"}})");
  EXPECT_THAT(file.warnings, IsEmpty());
  ASSERT_EQ(file.entries.size(), 1);
  const PromptEntry& entry = file.entries.front();
  EXPECT_EQ(entry.line, 1);
  EXPECT_EQ(entry.id, "a");
  EXPECT_EQ(entry.name, "first");
  EXPECT_EQ(entry.prompt, "x y");
  EXPECT_FALSE(entry.token_ids || entry.chat);
  EXPECT_EQ(entry.targets, (std::vector<std::string>{" z", "#3"}));
  EXPECT_EQ(entry.answer, " z");
  EXPECT_EQ(entry.split, "dev");
  EXPECT_EQ(entry.family, "f");
  EXPECT_THAT(entry.paraphrases, ElementsAre("y x"));
  EXPECT_THAT(entry.fields, ElementsAre(Pair("subject", "x")));
}

TEST(PromptFile, NumbersItsLinesAndLeavesEmptyOnesOut) {
  const PromptFile file = read(
      "{\"prompt\": \"a\"}\r\n\n  \t\n{\"token_ids\": [0, 7], \"id\": 12}\n"
      R"({"chat": [{"role": "user", "content": "b"}], "name": null})");
  ASSERT_EQ(file.entries.size(), 3);
  EXPECT_EQ(file.entries[0].id, "1");
  EXPECT_EQ(file.entries[1].line, 4);
  EXPECT_EQ(file.entries[1].id, "12");
  EXPECT_EQ(file.entries[1].token_ids, (std::vector<std::int32_t>{0, 7}));
  EXPECT_FALSE(file.entries[1].targets);
  EXPECT_EQ(file.entries[2].id, "5");
  EXPECT_THAT(*file.entries[2].chat, ElementsAre(ChatMessage{"user", "b"}));
  EXPECT_FALSE(file.entries[2].name);
}

TEST(PromptFile, WarnsOnceOfEachUnknownKey) {
  const TempDir folder;
  const std::string path = (folder / "p.jsonl").string();
  write_text(path,
             "{\"prompt\": \"a\", \"x\": 1}\n{\"prompt\": \"b\", \"x\": 2, \"y\": 3}\n"
             "{\"prompt\": \"c\", \"y\": null}\n");
  EXPECT_THAT(read_prompt_file(path).warnings,
              ElementsAre(path + ":1: unknown key x is left out, there and later",
                          path + ":2: unknown key y is left out, there and later"));
}

TEST(PromptFile, NamesTheLineThatIsNoPrompt) {
  const std::string good = "{\"prompt\": \"a\"}\n";
  EXPECT_THAT(failure_of(good + "{\"prompt\": \"b\"\n"),
              ::testing::MatchesRegex(":2: is no JSON \\(.*\\), expected an object on one line"));
  EXPECT_EQ(failure_of(good + "\n[1]\n"), ":3: is a list, expected an object");
  EXPECT_EQ(failure_of(good + "{}"),
            ":2: has no prompt, expected exactly one of prompt, token_ids, chat");
  EXPECT_EQ(failure_of(good + R"({"prompt": "b", "token_ids": [1]})"),
            ":2: has prompt and token_ids, expected exactly one of prompt, token_ids, chat");
  EXPECT_EQ(failure_of(good + R"({"prompt": "b", "prompt": "c"})"), ":2: has the key prompt twice");
  EXPECT_EQ(failure_of("\n \n"), ": holds no prompt, expected one JSON object a line");
}

struct Case {
  std::string member;
  std::string message;
};

class PromptFileTypes : public ::testing::TestWithParam<Case> {};

TEST_P(PromptFileTypes, AreChecked) {
  const std::string line =
      "{" + GetParam().member +
      (GetParam().member.starts_with("\"prompt\"") ? "}" : R"(, "prompt": "b"})");
  EXPECT_EQ(failure_of("{\"prompt\": \"a\"}\n" + line), ":2: " + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    OfMembers, PromptFileTypes,
    ::testing::Values(
        Case{R"("prompt": 7)", "prompt is a number, expected a string"},
        Case{R"("id": 1.5)", "id is a number, expected a string or a whole number"},
        Case{R"("name": 7)", "name is a number, expected a string"},
        Case{R"("targets": " a")", "targets is a string, expected a list of strings"},
        Case{R"("targets": [" a", 7])", "targets[1] is a number, expected a string"},
        Case{R"("answer": ["a"])", "answer is a list, expected a string"},
        Case{R"("split": true)", "split is true or false, expected a string"},
        Case{R"("family": {})", "family is an object, expected a string"},
        Case{R"("paraphrases": [null])", "paraphrases[0] is null, expected a string"},
        Case{R"("fields": [])", "fields is a list, expected an object of strings"},
        Case{R"("fields": {"x": 1})", "fields.x is a number, expected a string"},
        Case{R"("token_ids": "1,2")", "token_ids is a string, expected a list of token ids"},
        Case{R"("token_ids": [0, -1])", "token_ids[1] is -1, expected a whole number from 0"},
        Case{R"("token_ids": [1.5])", "token_ids[0] is 1.5, expected a whole number from 0"},
        Case{R"("token_ids": [2147483648])",
             "token_ids[0] is 2147483648, expected a whole number from 0"},
        Case{R"("chat": "a")",
             "chat is a string, expected a list of objects with role and content"},
        Case{R"("chat": ["a"])", "chat[0] is a string, expected an object with role and content"},
        Case{R"("chat": [{"role": "user"}])", "chat[0] has no content, expected role and content"},
        Case{R"("chat": [{"role": 1, "content": "a"}])",
             "chat[0].role is a number, expected a string"}));

TEST(PromptFile, HasEachIdAndEachNameOnce) {
  EXPECT_EQ(failure_of("{\"prompt\": \"a\", \"id\": \"x\"}\n{\"prompt\": \"b\", \"id\": \"x\"}"),
            ":2: id 'x' is that of line 1 too, expected each once");
  EXPECT_EQ(failure_of("{\"prompt\": \"a\", \"id\": 2}\n{\"prompt\": \"b\"}"),
            ":2: id '2' is that of line 1 too, expected each once");
  EXPECT_EQ(
      failure_of("{\"prompt\": \"a\", \"name\": \"x\"}\n{\"prompt\": \"b\", \"name\": \"x\"}"),
      ":2: name 'x' is that of line 1 too, expected each once");
}

TEST(PromptFile, MustBeAFile) {
  const TempDir folder;
  for (const auto& path : {folder / "missing", folder.path()}) {
    EXPECT_EQ(message_of<std::runtime_error>([&] { read_prompt_file(path); }),
              "[read_prompts] " + path.string() +
                  ": cannot be read, expected a file with one JSON object a line");
  }
}

}  // namespace
}  // namespace circuit
