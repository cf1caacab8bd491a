#include "tracer/text/chat_file.h"

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
using testing::message_of;
using ::testing::StartsWith;
using testing::TempDir;
using testing::write_text;

std::string failure_of(const std::string& json) {
  return message_of<std::invalid_argument>([&] { parse_chat(json); });
}

TEST(ChatFile, HoldsRolesAndContents) {
  EXPECT_THAT(
      parse_chat(R"([{"role": "system", "content": "a"},
                             {"content": [{"type": "text", "text": "b"}], "role": "user"}])"),
      ElementsAre(ChatMessage{"system", "a"}, ChatMessage{"user", std::vector<std::string>{"b"}}));
}

TEST(ChatFile, NamesWhatIsNoChat) {
  EXPECT_THAT(failure_of("["), StartsWith("chat is no JSON ("));
  EXPECT_EQ(failure_of("{}"),
            "chat is an object, expected a list of objects with role and content");
  EXPECT_EQ(failure_of("[]"), "chat is empty, expected a message");
  EXPECT_EQ(failure_of("[1]"), "chat[0] is a number, expected an object with role and content");
  EXPECT_EQ(failure_of(R"([{"content": "a"}])"), "chat[0] has no role, expected role and content");
  EXPECT_EQ(failure_of(R"([{"role": "a"}])"), "chat[0] has no content, expected role and content");
  EXPECT_EQ(failure_of(R"([{"role": null, "content": "a"}])"),
            "chat[0].role is null, expected a string");
  EXPECT_EQ(failure_of(R"([{"role": "a", "role": "b"}])"), "chat[0] has the key role twice");
  EXPECT_EQ(failure_of(R"([{"role": "a", "content": "b", "tool_calls": []}])"),
            "chat[0] has tool_calls, expected role and content alone");
  EXPECT_EQ(failure_of(R"([{"role": "a", "content": true}])"),
            "chat[0].content is true or false, expected a string or a list of {\"type\": \"text\", "
            "\"text\": …}");
  EXPECT_EQ(failure_of(R"([{"role": "a", "content": ["b"]}])"),
            "chat[0].content[0] is a string, expected {\"type\": \"text\", \"text\": …}");
  EXPECT_EQ(failure_of(R"([{"role": "a", "content": [{"text": "b"}]}])"),
            "chat[0].content[0] has no type, expected \"text\"");
  EXPECT_EQ(failure_of(R"([{"role": "a", "content": [{"type": "image"}]}])"),
            "chat[0].content[0].type is 'image', expected text");
  EXPECT_EQ(failure_of(R"([{"role": "a", "content": [{"type": "text"}]}])"),
            "chat[0].content[0] has no text, expected a string");
}

TEST(ChatFile, NamesTheFile) {
  const TempDir folder;
  const auto failure = [&](const std::filesystem::path& path) {
    return message_of<std::runtime_error>([&] { read_chat_file(path); });
  };
  EXPECT_EQ(failure(folder / "none"),
            "[read_chat] " + (folder / "none").string() + ": cannot be read");
  EXPECT_EQ(failure(folder.path()), "[read_chat] " + folder.path().string() + ": cannot be read");
  write_text(folder / "c.json", "[]");
  EXPECT_EQ(failure(folder / "c.json"),
            "[read_chat] " + (folder / "c.json").string() + ": chat is empty, expected a message");
}

}  // namespace
}  // namespace circuit
