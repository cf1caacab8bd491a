#include "tracer/text/chat/chat_template_file.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/gguf_writer.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::TempDir;
using testing::write_text;

std::string render(const std::filesystem::path& model) {
  return load_chat_template(model).render({.messages = {{"user", "a"}}}).text;
}

std::string failure_of(const std::filesystem::path& model) {
  return message_of<std::runtime_error>([&] { load_chat_template(model); });
}

TEST(ChatTemplateFile, PrefersTheFileOfItsOwn) {
  const TempDir folder;
  write_text(folder / "chat_template.json", R"({"chat_template": "json"})");
  EXPECT_EQ(render(folder.path()), "json");
  write_text(folder / "tokenizer_config.json", R"({"chat_template": "config"})");
  EXPECT_EQ(render(folder.path()), "config");
  write_text(folder / "chat_template.jinja", "jinja");
  EXPECT_EQ(render(folder.path()), "jinja");
}

TEST(ChatTemplateFile, IsFoundBesideATokenizer) {
  const TempDir folder;
  write_text(folder / "tokenizer.json", "{}");
  write_text(folder / "chat_template.jinja", "jinja");
  EXPECT_EQ(render(folder / "tokenizer.json"), "jinja");
}

TEST(ChatTemplateFile, TakesTheDefaultOfSeveral) {
  const TempDir folder;
  write_text(folder / "tokenizer_config.json",
             R"({"chat_template": [{"name": "tool_use", "template": "t"},
                                   {"name": "default", "template": "d"}]})");
  EXPECT_EQ(render(folder.path()), "d");
  write_text(
      folder / "tokenizer_config.json",
      R"({"chat_template": [{"name": "a", "template": "t"}, {"name": "b", "template": "d"}]})");
  EXPECT_EQ(failure_of(folder.path()),
            "[chat_template] " + (folder / "tokenizer_config.json").string() +
                ": has the chat templates a, b, expected one named default");
}

TEST(ChatTemplateFile, ReadsSpecialTokensOfAllForms) {
  const TempDir folder;
  write_text(folder / "tokenizer_config.json",
             R"({"model_max_length": 1000000000000000019884624838656, "bos_token": "<s>",
                 "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null,
                 "image_token": "<i>", "add_bos_token": true})");
  write_text(folder / "special_tokens_map.json", R"({"bos_token": "<other>", "unk_token": "<u>"})");
  write_text(folder / "chat_template.jinja",
             "{{ bos_token }}{{ eos_token }}{{ pad_token }}{{ image_token }}{{ unk_token }}"
             "{{ add_bos_token }}");
  EXPECT_EQ(render(folder.path()), "<s></s><i><u>");
}

TEST(ChatTemplateFile, IsAKeyOfAGgufFile) {
  const TempDir folder;
  testing::GgufWriter writer;
  writer.texts("tokenizer.ggml.tokens", {"<s>", "</s>"});
  writer.integer("tokenizer.ggml.bos_token_id", 0);
  writer.integer("tokenizer.ggml.eos_token_id", 1);
  writer.integer("tokenizer.ggml.padding_token_id", 2);
  writer.write(folder / "none.gguf");
  EXPECT_EQ(failure_of(folder / "none.gguf"),
            "[chat_template] " + (folder / "none.gguf").string() +
                ": has no chat template, expected the key tokenizer.chat_template");
  writer.text("tokenizer.chat_template",
              "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}{{ pad_token }}");
  writer.write(folder / "m.gguf");
  EXPECT_EQ(render(folder / "m.gguf"), "<s>a</s>");
}

TEST(ChatTemplateFile, IsThereOrNot) {
  const TempDir folder;
  EXPECT_FALSE(has_chat_template(folder.path()));
  write_text(folder / "tokenizer_config.json", R"({"chat_template": "config"})");
  EXPECT_TRUE(has_chat_template(folder.path()));
  testing::GgufWriter writer;
  writer.write(folder / "none.gguf");
  EXPECT_FALSE(has_chat_template(folder / "none.gguf"));
  writer.text("tokenizer.chat_template", "{{ broken");
  writer.write(folder / "m.gguf");
  EXPECT_TRUE(has_chat_template(folder / "m.gguf"));
}

TEST(ChatTemplateFile, NamesWhatIsMissingOrDamaged) {
  const TempDir folder;
  EXPECT_EQ(failure_of(folder.path()),
            "[chat_template] " + folder.path().string() +
                ": has no chat template, expected chat_template.jinja or the key chat_template in "
                "tokenizer_config.json");
  const std::string config = (folder / "tokenizer_config.json").string();
  write_text(config, R"({"chat_template": 7})");
  EXPECT_EQ(failure_of(folder.path()),
            "[chat_template] " + config + ": chat_template is no string");
  write_text(config, R"({"chat_template": null})");
  EXPECT_TRUE(failure_of(folder.path()).ends_with("in tokenizer_config.json"));
  write_text(config, "{");
  EXPECT_TRUE(
      failure_of(folder.path()).starts_with("[chat_template] " + config + ": is not valid JSON"));
  write_text(config, R"({"chat_template": "a\n{{ b"})");
  EXPECT_EQ(failure_of(folder.path()),
            "[chat_template] " + config + ":2: a tag that begins here does not end, expected }}");
}

}  // namespace
}  // namespace circuit
