#include "tracer/text/chat/encode_chat.h"

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/tracer/text/small_tokenizer.h"

namespace circuit {
namespace {

using testing::message_of;

/// A token a byte, but for <s> = 256 and </s> = 257.
const Tokenizer& tokenizer() {
  static const Tokenizer loaded =
      testing::SmallTokenizer{.added_tokens = "[" + testing::added_token(256, "<s>", true) + ", " +
                                              testing::added_token(257, "</s>", true) + "]"}
          .load();
  return loaded;
}

EncodedChat encode(const std::string& source, const Chat& chat,
                   PromptOptions::Bos bos = PromptOptions::Bos::kNone) {
  return encode_chat(tokenizer(), ChatTemplate::parse(source, "t", {{"bos_token", "<s>"}}), chat,
                     {.bos = bos});
}

const std::string kPlain =
    "{% for m in messages %}<s>{{ m.role }}:{{ m.content | trim }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<s>assistant:{% endif %}";

Chat chat(std::vector<ChatMessage> messages) { return {.messages = std::move(messages)}; }

TEST(EncodeChat, TellsTheTokensOfEachMessage) {
  const EncodedChat encoded =
      encode(kPlain, chat({{"system", " be brief "}, {"user", "ab"}, {"assistant", "c"}}));
  EXPECT_EQ(encoded.text, "<s>system:be brief</s><s>user:ab</s><s>assistant:c</s>");
  ASSERT_EQ(encoded.messages.size(), 3U);
  EXPECT_EQ(encoded.messages[0].role, "system");
  EXPECT_EQ(encoded.messages[0].turn, (TokenRange{0, 17}));
  EXPECT_EQ(encoded.messages[0].content, (TokenRange{8, 16}));
  EXPECT_EQ(encoded.messages[1].turn, (TokenRange{17, 26}));
  EXPECT_EQ(encoded.messages[1].content, (TokenRange{23, 25}));
  EXPECT_EQ(encoded.messages[2].turn, (TokenRange{26, 39}));
  EXPECT_EQ(encoded.messages[2].content, (TokenRange{37, 38}));
  EXPECT_EQ(encoded.positions.last_prompt, 36);
  EXPECT_EQ(encoded.positions.response, (TokenRange{37, 38}));
}

TEST(EncodeChat, PutsTheResponseBehindAPromptWithoutOne) {
  const EncodedChat encoded = encode(kPlain, chat({{"user", "ab"}}));
  EXPECT_EQ(encoded.text, "<s>user:ab</s><s>assistant:");
  EXPECT_EQ(encoded.messages[0].turn, (TokenRange{0, 9}));
  EXPECT_EQ(encoded.positions.last_prompt, 19);
  EXPECT_EQ(encoded.positions.response, (TokenRange{20, 20}));
}

TEST(EncodeChat, LeavesTheLastMessageOpenToBeContinued) {
  Chat open = chat({{"user", "ab"}, {"assistant", " c d "}});
  open.ending = Chat::Ending::kContinued;
  const EncodedChat encoded = encode(kPlain, open);
  EXPECT_EQ(encoded.text, "<s>user:ab</s><s>assistant:c d");
  EXPECT_EQ(encoded.messages[1].turn, (TokenRange{9, 23}));
  EXPECT_EQ(encoded.positions.response, (TokenRange{20, 23}));
  EXPECT_EQ(message_of<std::invalid_argument>([&] { encode("x", open); }),
            "[chat_template] t: leaves the last message out, expected one to continue");
}

TEST(EncodeChat, KnowsEmptyAndRepeatedContents) {
  const EncodedChat encoded =
      encode(kPlain, chat({{"user", "  "}, {"assistant", "user"}, {"user", "user"}}));
  EXPECT_EQ(encoded.text, "<s>user:</s><s>assistant:user</s><s>user:user</s><s>assistant:");
  EXPECT_EQ(encoded.messages[0].content, (TokenRange{6, 6}));
  EXPECT_EQ(encoded.messages[1].content, (TokenRange{18, 22}));
  EXPECT_EQ(encoded.messages[2].content, (TokenRange{29, 33}));
}

TEST(EncodeChat, FindsTurnsThatNoLoopWrites) {
  const std::string source =
      "{{ bos_token }}{% if messages[0].role == 'system' %}[{{ messages[0].content }}]{% set "
      "messages = messages[1:] %}{% endif %}" +
      kPlain;
  const EncodedChat encoded = encode(source, chat({{"system", "be"}, {"user", "ab"}}));
  EXPECT_EQ(encoded.text, "<s>[be]<s>user:ab</s><s>assistant:");
  EXPECT_EQ(encoded.messages[0].turn, (TokenRange{0, 5}));
  EXPECT_EQ(encoded.messages[0].content, (TokenRange{2, 4}));
  EXPECT_EQ(encoded.messages[1].turn, (TokenRange{5, 14}));
}

TEST(EncodeChat, FindsASystemMessageInsideTheNextTurn) {
  const std::string source =
      "{% for m in messages[1:] %}<s>{{ messages[0].content if loop.first }}/{{ m.content "
      "}}</s>{% endfor %}";
  const EncodedChat encoded = encode(source, chat({{"system", "be"}, {"user", "ab"}}));
  EXPECT_EQ(encoded.text, "<s>be/ab</s>");
  EXPECT_EQ(encoded.messages[0].turn, (TokenRange{1, 3}));
  EXPECT_EQ(encoded.messages[0].content, (TokenRange{1, 3}));
  EXPECT_EQ(encoded.messages[1].turn, (TokenRange{0, 7}));
  EXPECT_EQ(encoded.messages[1].content, (TokenRange{4, 6}));
}

TEST(EncodeChat, LeavesATurnThatTheTemplateAddsToNobody) {
  const std::string source =
      "{% for m in messages %}{% if loop.first %}<s>system:x</s>\n{% endif %}<s>{{ m.content "
      "}}</s>\n{% endfor %}";
  const EncodedChat encoded = encode(source, chat({{"user", "ab"}}));
  EXPECT_EQ(encoded.text, "<s>system:x</s>\n<s>ab</s>\n");
  EXPECT_EQ(encoded.messages[0].turn, (TokenRange{11, 16}));
  EXPECT_EQ(encoded.messages[0].content, (TokenRange{12, 14}));
}

TEST(EncodeChat, HasNoTokensOfMessagesThatTheTemplateLeavesOut) {
  const EncodedChat encoded = encode("{% for m in messages[1:] %}<s>{{ m.content }}{% endfor %}",
                                     chat({{"system", "be"}, {"user", "ab"}}));
  EXPECT_FALSE(encoded.messages[0].turn);
  EXPECT_FALSE(encoded.messages[0].content);
}

TEST(EncodeChat, PutsATokenBeforeATextThatBeginsWithNone) {
  const std::string source = "{% for m in messages %}{{ m.content }}{% endfor %}";
  const EncodedChat bare = encode(source, chat({{"user", "ab"}}));
  EXPECT_EQ(bare.ids, (std::vector<std::int32_t>{'a', 'b'}));
  const EncodedChat whole = encode(source, chat({{"user", "ab"}}), PromptOptions::Bos::kAutomatic);
  EXPECT_EQ(whole.ids, (std::vector<std::int32_t>{256, 'a', 'b'}));
  EXPECT_EQ(whole.messages[0].content, (TokenRange{1, 3}));
  const EncodedChat own =
      encode("{{ bos_token }}" + source, chat({{"user", "ab"}}), PromptOptions::Bos::kAutomatic);
  EXPECT_EQ(own.ids, whole.ids);
  EXPECT_EQ(own.messages[0].content, (TokenRange{1, 3}));
}

TEST(EncodeChat, CountsATokenThatIsPartlyContentAsContent) {
  const Tokenizer merging =
      testing::SmallTokenizer{
          .words = {":a", "b>"},
          .pre_tokenizer =
              R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})"}
          .load();
  const EncodedChat encoded = encode_chat(
      merging,
      ChatTemplate::parse("{% for m in messages %}<:{{ m.content }}>{% endfor %}", "t", {}),
      chat({{"user", "axb"}}), {.bos = PromptOptions::Bos::kNone});
  EXPECT_EQ(encoded.ids, (std::vector<std::int32_t>{'<', 256, 'x', 257}));
  EXPECT_EQ(encoded.messages[0].content, (TokenRange{1, 4}));
}

TEST(EncodeChat, FindsPlacesInTextThatIsNormalized) {
  const Tokenizer composing = testing::SmallTokenizer{.normalizer = R"({"type": "NFC"})"}.load();
  const EncodedChat encoded = encode_chat(
      composing,
      ChatTemplate::parse("{% for m in messages %}<{{ m.content }}>{% endfor %}", "t", {}),
      chat({{"user", "e\u0301e\u0301"}, {"user", "e\u0301"}}), {.bos = PromptOptions::Bos::kNone});
  EXPECT_EQ(encoded.ids.size(), 10U);  // é is two bytes
  EXPECT_EQ(encoded.messages[0].content, (TokenRange{1, 5}));
  EXPECT_EQ(encoded.messages[1].content, (TokenRange{7, 9}));
}

}  // namespace
}  // namespace circuit
