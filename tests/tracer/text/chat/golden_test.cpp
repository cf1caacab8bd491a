// Every conversation of tests/golden/chat: ids that transformers' apply_chat_template gave.
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "tests/support/unpack_xz.h"
#include "tests/support/temp_dir.h"
#include "tracer/text/chat/encode_chat.h"
#include "tracer/text/chat_file.h"

namespace circuit {
namespace {

using simdjson::dom::element;

const std::filesystem::path kGolden = CIRCUIT_GOLDEN_DIR;

Tokenizer load_tokenizer(const std::filesystem::path& packed) {
  const testing::TempDir folder;
  testing::write_text(folder / "tokenizer.json", testing::unpack_xz(packed));
  return Tokenizer::load(folder.path());
}

std::vector<std::vector<ChatMessage>> read_conversations() {
  simdjson::dom::parser parser;
  std::vector<std::vector<ChatMessage>> all;
  for (const element& one :
       parser.load((kGolden / "chat/conversations.json").string()).get_array()) {
    all.push_back(parse_chat(simdjson::minify(one)));
  }
  return all;
}

struct Family {
  std::string name;
  std::string tokenizer;  ///< below tests/golden
};

class ChatFamilies : public ::testing::TestWithParam<Family> {};

Chat::Ending ending_of(std::string_view name) {
  if (name == "continued") return Chat::Ending::kContinued;
  return name == "closed" ? Chat::Ending::kClosed : Chat::Ending::kAutomatic;
}

/// Nothing when the template refuses the conversation.
std::optional<std::vector<std::int32_t>> ids_of(const Tokenizer& tokenizer,
                                                const ChatTemplate& chat_template,
                                                const Chat& chat) {
  try {
    return encode_chat(tokenizer, chat_template, chat, {.bos = PromptOptions::Bos::kNone}).ids;
  } catch (const std::runtime_error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("[chat_template] t:")) << error.what();
    return std::nullopt;
  }
}

TEST_P(ChatFamilies, EncodeLikeTransformers) {
  const Tokenizer tokenizer = load_tokenizer(kGolden / GetParam().tokenizer);
  simdjson::dom::parser parser;
  const element fixture = parser.load((kGolden / "chat" / (GetParam().name + ".json")).string());
  std::map<std::string, std::string> special;
  for (const auto [name, text] : fixture["special_tokens"].get_object()) {
    special.emplace(name, text.get_string().value());
  }
  const ChatTemplate chat_template =
      ChatTemplate::parse(fixture["template"].get_string().value(), "t", special);
  const auto conversations = read_conversations();
  std::set<std::uint64_t> encoded;
  for (const element& golden : fixture["cases"].get_array()) {
    const std::uint64_t index = golden["conversation"].get_uint64();
    const std::string ending(golden["ending"].get_string().value());
    SCOPED_TRACE("conversation " + std::to_string(index) + ", " + ending);
    const Chat chat{.messages = conversations.at(index),
                    .ending = ending_of(ending),
                    .date = std::string(golden["date"].get_string().value())};
    std::optional<std::vector<std::int32_t>> expected;
    if (!golden["ids"].is_null()) {
      encoded.insert(index);
      expected.emplace();
      for (const element& id : golden["ids"].get_array()) {
        expected->push_back(static_cast<std::int32_t>(id.get_int64().value()));
      }
    }
    EXPECT_EQ(ids_of(tokenizer, chat_template, chat), expected);
  }
  EXPECT_GE(encoded.size(), 50U);
}

INSTANTIATE_TEST_SUITE_P(All, ChatFamilies,
                         ::testing::Values(Family{"smollm2",
                                                  "tokenizers/smollm2.tokenizer.json.xz"},
                                           Family{"llama3", "tokenizers/llama3.tokenizer.json.xz"},
                                           Family{"qwen2_5", "chat/qwen2_5.tokenizer.json.xz"},
                                           Family{"qwen3", "tokenizers/qwen3.tokenizer.json.xz"},
                                           Family{"gemma2", "tokenizers/gemma2.tokenizer.json.xz"},
                                           Family{"gemma3", "chat/gemma3.tokenizer.json.xz"}),
                         [](const auto& parameter) { return parameter.param.name; });

}  // namespace
}  // namespace circuit
