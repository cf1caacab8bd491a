// A GGUF file wherever the command line takes a model: the demo as such a file does what the demo
// does.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/demo_gguf.h"
#include "tests/tracer/cli/program.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::TempDir;
using circuit::testing::write_text;
using ::testing::HasSubstr;
using Json = nlohmann::json;

const std::filesystem::path kDemo = CIRCUIT_DEMO_DIR;
const std::string kPrompt = " le contraire de petit est";

class Gguf : public ::testing::Test {
 protected:
  Gguf() { demo_gguf().write(model()); }

  std::filesystem::path model() const { return folder_ / "demo.gguf"; }
  std::vector<std::string> with_model(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--model", model()});
    return arguments;
  }
  Json json(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const ChildResult result = run_circuit(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return Json::parse(result.output, nullptr, /*allow_exceptions=*/false);
  }

  TempDir folder_;
};

TEST_F(Gguf, IsTokenizedByItsOwnKeys) {
  EXPECT_EQ(json(with_model({"tokenize", "--text", kPrompt})),
            json({"tokenize", "--text", kPrompt}));
}

TEST_F(Gguf, IsTracedAndVerifiedAsTheDirectory) {
  const std::vector<std::string> trace = {"trace",         "--prompt",    kPrompt,  "--save-graph",
                                          "--format",      "json",        "--name", "g",
                                          "--transcoders", kDemo / "clt", "--out"};
  const auto run = [&](const std::filesystem::path& model, const std::filesystem::path& out) {
    std::vector<std::string> arguments = trace;
    arguments.insert(arguments.end(), {out, "--model", model});
    return json(arguments);
  };
  const Json found = run(model(), folder_ / "file");
  const Json expected = run(kDemo / "model", folder_ / "directory");
  for (const char* key : {"tokens", "targets", "active_features", "selected_features", "nodes",
                          "edges", "replacement_score", "completeness_score", "closure_error"}) {
    EXPECT_EQ(found[key], expected[key]) << key;
  }
  EXPECT_EQ(found["targets"][0]["token"], " grand");
  const Json verified = json(with_model(
      {"verify", (folder_ / "file") / "g.graph.safetensors", "--transcoders", kDemo / "clt"}));
  EXPECT_LT(verified["largest_prediction_error"].get<double>(), 1e-5);
}

TEST_F(Gguf, IsInspected) {
  const Json seen = json(with_model({"inspect", "--transcoders", kDemo / "clt"}));
  const Json& found = seen["model"];
  EXPECT_EQ(found["name"], "demo");
  EXPECT_EQ(found["architecture"], "LlamaForCausalLM");
  EXPECT_EQ(found["format"], "GGUF 3");
  EXPECT_EQ(found["dtype"], "F16");
  EXPECT_EQ(found["stored_types"].size(), 1);
  EXPECT_EQ(found["stored_types"][0]["bytes"], found["bytes"]);
  EXPECT_EQ(found["tokenizer"], "gpt2, split as gpt-2");
  EXPECT_EQ(found["has_chat_template"], false);
  EXPECT_EQ(seen["fit"]["fits"], true);
  const Json demo = json({"inspect"})["model"];
  EXPECT_EQ(found["parameters"], demo["parameters"]);
  EXPECT_EQ(demo["format"], "safetensors");
  EXPECT_EQ(demo["tokenizer"], "tokenizer.json");
}

TEST_F(Gguf, IsTracedAgainWhenItChanges) {
  write_text(folder_ / "p.jsonl", R"({"prompt": " le contraire de petit est"})");
  // A line for each prompt that is traced, none for those that are done.
  const auto traced = [&] {
    return run_circuit(
               with_model({"trace", "--prompts", folder_ / "p.jsonl", "--transcoders",
                           kDemo / "clt", "--out", folder_ / "out", "--format", "json", "--json"}))
        .output;
  };
  EXPECT_THAT(traced(), HasSubstr("000001"));
  EXPECT_EQ(traced(), "");
  circuit::testing::GgufWriter changed = demo_gguf();
  changed.text("tokenizer.chat_template", "{{ messages }}");
  changed.write(model());
  EXPECT_THAT(traced(), HasSubstr("000001"));
}

TEST_F(Gguf, FailsWithOneLineWhenItIsDamaged) {
  std::filesystem::resize_file(model(), std::filesystem::file_size(model()) / 2);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"tokenize", "--text", "a"},
        {"inspect"},
        {"trace", "--prompt", "a", "--transcoders", kDemo / "clt"}}) {
    expect_failure(run_circuit(with_model(arguments)), 1,
                   {"[open_gguf]", "demo.gguf", "truncated"});
  }
}

TEST_F(Gguf, SaysWhichArchitectureItDoesNotKnow) {
  circuit::testing::GgufWriter other;
  other.text("general.architecture", "mamba");
  other.write(model());
  expect_failure(run_circuit(with_model({"inspect"})), 1,
                 {"[load_model]", "general.architecture is \"mamba\", expected one of llama"});
}

}  // namespace
}  // namespace circuit::cli::testing
