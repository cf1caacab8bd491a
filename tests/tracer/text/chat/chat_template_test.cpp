#include "tracer/text/chat/chat_template.h"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;

std::string render(const std::string& source, const Chat& chat) {
  return ChatTemplate::parse(source, "t", {{"bos_token", "<s>"}}).render(chat).text;
}

TEST(ChatTemplate, SeesWhatTransformersShowsIt) {
  const Chat chat{.messages = {{"user", "a"}}};
  EXPECT_EQ(render("{{ bos_token }}{{ eos_token }}|{{ tools is none }}{{ documents is none }}"
                   "{{ add_generation_prompt }}{{ messages }}",
                   chat),
            "<s>|TrueTrueTrue[{'role': 'user', 'content': 'a'}]");
  EXPECT_EQ(render("{{ strftime_now is defined }}", chat), "False");
}

TEST(ChatTemplate, ShowsPartsOfAMessageAsAList) {
  const Chat chat{.messages = {{"user", std::vector<std::string>{"a", "b"}}}};
  EXPECT_EQ(render("{{ messages[0].content }}", chat),
            "[{'type': 'text', 'text': 'a'}, {'type': 'text', 'text': 'b'}]");
}

TEST(ChatTemplate, AsksForAReplyUnlessTheAssistantSpokeLast) {
  const std::string source =
      "{{ add_generation_prompt }}{% for m in messages %}{{ m.content }}{% endfor %}";
  Chat chat{.messages = {{"user", "a"}}};
  EXPECT_EQ(render(source, chat), "Truea");
  chat.ending = Chat::Ending::kClosed;
  EXPECT_EQ(render(source, chat), "Falsea");
  chat.ending = Chat::Ending::kContinued;
  EXPECT_EQ(render(source, chat), "Falsea");
  chat.ending = Chat::Ending::kAutomatic;
  for (const char* const role : {"assistant", "model"}) {
    chat.messages.back().role = role;
    EXPECT_EQ(render(source, chat), "Falsea");
  }
}

TEST(ChatTemplate, TellsTheDate) {
  EXPECT_EQ(
      render("{{ strftime_now('%d %b %Y') }}", {.messages = {{"user", "a"}}, .date = "2024-07-26"}),
      "26 Jul 2024");
}

TEST(ChatTemplate, RefusesWhatIsNoChat) {
  EXPECT_EQ(message_of<std::invalid_argument>([] { render("x", {}); }),
            "[chat_template] there is no message, expected at least one");
  EXPECT_EQ(message_of<std::invalid_argument>([] {
              render("x", {.messages = {{"user", std::string("a\xFF")}}});
            }),
            "[chat_template] a message is not valid UTF-8 at byte 1");
  for (const char* const date :
       {"2024-7-26", "2024-02-30", "26.07.2024", "2024-13-01", "-024-01-01"}) {
    EXPECT_EQ(message_of<std::invalid_argument>([&] { parse_date(date); }),
              "[parse_date] '" + std::string(date) + "' is no day, expected YYYY-MM-DD");
  }
}

}  // namespace
}  // namespace circuit
