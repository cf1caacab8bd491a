// What `generate` writes with `--batch`, `--prompts` and changes, on the bundled demo.
#include <cstdint>
#include <fstream>
#include <span>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"
#include "transcoders/weights/safetensors.h"

namespace circuit::cli::testing {
namespace {

using Json = nlohmann::json;
using circuit::testing::TempDir;
using ::testing::HasSubstr;

constexpr const char* kPrompt = "le contraire de petit est";

Json generate(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "generate");
  arguments.insert(arguments.end(), {"--temperature", "2", "--max-tokens", "4", "--json"});
  const ChildResult result = run_circuit(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  return Json::parse(result.output);
}

Json without(Json object, const std::vector<std::string>& keys) {
  for (const std::string& key : keys) object.erase(key);
  return object;
}

TEST(GenerateBatch, WritesWhatEachSeedGivesAlone) {
  const Json batch = generate({"--prompt", kPrompt, "--batch", "3", "--seed", "6"});
  ASSERT_EQ(batch["streams"].size(), 3u);
  for (int i = 0; i < 3; ++i) {
    const Json& stream = batch["streams"][static_cast<std::size_t>(i)];
    EXPECT_EQ(stream["seed"], 6 + i);
    const Json alone = generate({"--prompt", kPrompt, "--seed", std::to_string(6 + i)});
    EXPECT_EQ(without(stream, {"seed"}), without(alone, {"seconds"}));
  }
}

TEST(GenerateBatch, GoesOnWithEveryPromptOfAFile) {
  const TempDir folder;
  circuit::testing::write_text(folder / "two.jsonl",
                               "{\"prompt\": \"le contraire de petit est\", \"name\": \"petit\"}\n"
                               "{\"prompt\": \"the\"}\n");
  const std::string file = (folder / "two.jsonl").string();
  const Json batch = generate({"--prompts", file, "--batch", "2"});
  ASSERT_EQ(batch["streams"].size(), 4u);
  const Json alone = generate({"--prompt", "the", "--seed", "3"});
  EXPECT_EQ(batch["streams"][0]["name"], "petit");
  EXPECT_EQ(batch["streams"][3]["id"], "2");
  EXPECT_EQ(batch["streams"][3]["ids"], alone["ids"]);
  const ChildResult text =
      run_circuit({"generate", "--prompts", file, "--max-tokens", "1", "--seed", "5"});
  EXPECT_THAT(text.output, HasSubstr("==> petit, 1 of 1, seed 5 <==\n grand\n\n"));
  EXPECT_THAT(text.output, HasSubstr("==> 000002, 1 of 1, seed 6 <==\n"));
}

TEST(GenerateBatch, SaysWhatIsWrong) {
  const ChildResult none = run_circuit({"generate", "--prompt", "a", "--batch", "0"});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.errors, HasSubstr("--batch is 0, expected a whole number of at least 1"));
  const ChildResult same =
      run_circuit({"generate", "--prompt", "a", "--batch", "2", "--max-tokens", "1"});
  EXPECT_EQ(same.exit_code, 0);
  EXPECT_THAT(same.errors, HasSubstr("all texts of a prompt are the same"));
}

// A vector that pushes hard; `*` has no end, `-1` is the prompt's last token alone.
TEST(GenerateSteered, GoesOnWhereThePositionsDo) {
  const TempDir folder;
  std::vector<float> vector(128);
  for (std::size_t i = 0; i < vector.size(); ++i) vector[i] = i % 3 == 0 ? 1.0f : -0.5f;
  const auto bytes = std::as_bytes(std::span(vector));
  write_safetensors(folder / "v.safetensors",
                    {{.name = "push",
                      .dtype = Dtype::kF32,
                      .shape = {static_cast<std::int64_t>(vector.size())},
                      .bytes = bytes}},
                    {});
  const std::string at = (folder / "v.safetensors").string() + "@3@";
  const auto steered = [&](const std::string& place) {
    return generate({"--prompt", kPrompt, "--seed", "1", "--steer", at + place})["probabilities"];
  };
  const Json plain = generate({"--prompt", kPrompt, "--seed", "1"})["probabilities"];
  const Json nothing = steered("*=0"), once = steered("-1=0.5"), on = steered("5..=0.5");
  EXPECT_EQ(nothing, plain);
  EXPECT_NE(once[0], plain[0]);
  EXPECT_EQ(once[0], on[0]);  // the prompt has six tokens, so that 5 is its last one
  EXPECT_NE(once, on);
}

}  // namespace
}  // namespace circuit::cli::testing
