#include "tracer/cli/prompt_list.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit::cli {
namespace {

using circuit::testing::message_of;
using circuit::testing::TempDir;
using circuit::testing::write_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

PromptList read(const std::string& text, const TraceRequest& common = {}) {
  const TempDir folder;
  write_text(folder / "p.jsonl", text);
  return read_prompt_list(folder / "p.jsonl", common);
}

std::string failure_of(const std::string& text, const TraceRequest& common = {}) {
  return message_of<std::runtime_error>([&] { read(text, common); });
}

TEST(PromptList, NamesLinesByTheirNumber) {
  const PromptList list = read(
      "{\"prompt\": \"a\"}\n\n{\"prompt\": \"b\", \"name\": \"second\"}\n{\"token_ids\": [1, 2]}");
  ASSERT_EQ(list.prompts.size(), 3);
  EXPECT_EQ(list.prompts[0].name, "000001");
  EXPECT_EQ(list.prompts[0].prompt.prompt, "a");
  EXPECT_EQ(list.prompts[1].name, "second");
  EXPECT_EQ(list.prompts[1].id, "3");
  EXPECT_EQ(list.prompts[2].name, "000004");
  EXPECT_THAT(*list.prompts[2].prompt.token_ids, ElementsAre(1, 2));
}

TEST(PromptList, PutsTheTargetsOfALineAboveThoseOfTheCommandLine) {
  TraceRequest common;
  common.attribution.targets.named = {" x"};
  const PromptList list = read(
      "{\"prompt\": \"a\"}\n{\"prompt\": \"a\", \"targets\": [\" y\", \"#2\"]}\n"
      "{\"prompt\": \"a\", \"targets\": []}",
      common);
  EXPECT_THAT(list.prompts[0].targets, ElementsAre(" x"));
  EXPECT_THAT(list.prompts[1].targets, ElementsAre(" y", "#2"));
  EXPECT_THAT(list.prompts[2].targets, IsEmpty());
}

TEST(PromptList, PassesTheFirstTokenOnToTexts) {
  TraceRequest common;
  common.prompt.bos = "none";
  EXPECT_EQ(read("{\"prompt\": \"a\"}", common).prompts[0].prompt.bos, "none");
  EXPECT_THAT(failure_of("{\"prompt\": \"a\"}\n{\"token_ids\": [1, 2]}", common),
              HasSubstr("p.jsonl:2: token_ids with --bos, expected one of them"));
}

TEST(PromptList, EndsChatsAsTheCommandLineSays) {
  TraceRequest common;
  common.prompt.chat = Chat{.messages = {}, .ending = Chat::Ending::kClosed, .date = "2024-07-26"};
  const PromptList list =
      read("{\"prompt\": \"a\"}\n{\"chat\": [{\"role\": \"user\", \"content\": \"b\"}]}", common);
  EXPECT_FALSE(list.prompts[0].prompt.chat);
  ASSERT_TRUE(list.prompts[1].prompt.chat);
  const Chat& chat = *list.prompts[1].prompt.chat;
  EXPECT_THAT(chat.messages, ElementsAre(ChatMessage{"user", "b"}));
  EXPECT_EQ(chat.ending, Chat::Ending::kClosed);
  EXPECT_EQ(chat.date, "2024-07-26");
}

TEST(PromptList, RefusesNamesThatNoFileMayHave) {
  EXPECT_THAT(failure_of("{\"prompt\": \"a\"}\n{\"prompt\": \"a\", \"name\": \"b/c\"}"),
              HasSubstr("p.jsonl:2: name 'b/c' cannot name output files: expected 1 to 60 of"));
  EXPECT_THAT(failure_of("{\"prompt\": \"a\", \"name\": \"\"}"),
              HasSubstr("p.jsonl:1: name '' cannot name output files"));
}

TEST(PromptList, RefusesANameThatIsTheNumberOfAnotherLine) {
  EXPECT_THAT(failure_of("{\"prompt\": \"a\", \"name\": \"000002\"}\n{\"prompt\": \"b\"}"),
              HasSubstr("p.jsonl:2: name '000002' is that of line 1 too, expected each once"));
}

}  // namespace
}  // namespace circuit::cli
