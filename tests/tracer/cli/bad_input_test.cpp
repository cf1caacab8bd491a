// Bad input: one clear line, exit code 1, no file left, whatever is wrong.
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"
#include "tests/tracer/cli/weight_file.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::TempDir;
using circuit::testing::write_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::filesystem::path kDemo = CIRCUIT_DEMO_DIR;
const std::filesystem::path kGolden = CIRCUIT_GOLDEN_DIR;

struct Damage {
  std::string name;
  std::function<void(const DemoCopy&)> inflict;
  std::vector<std::string> texts;
};

class DamagedFiles : public ::testing::TestWithParam<Damage> {};

TEST_P(DamagedFiles, AreNamed) {
  const TempDir folder;
  const DemoCopy demo(folder.path());
  GetParam().inflict(demo);
  const ChildResult result = run_circuit(demo.trace_arguments(folder / "out"));
  expect_failure(result, 1, GetParam().texts);
  EXPECT_THAT(files_below(folder / "out"), IsEmpty());
}

constexpr const char* kNorm = "model.layers.2.post_attention_layernorm.weight";

INSTANTIATE_TEST_SUITE_P(
    Model, DamagedFiles,
    ::testing::Values(
        Damage{"NoFolder",
               [](const DemoCopy& demo) { std::filesystem::remove_all(demo.model); },
               {"[load_model]", "/model", "no such directory"}},
        Damage{"NoConfig",
               [](const DemoCopy& demo) { std::filesystem::remove(demo.model / "config.json"); },
               {"[load_model]", "config.json"}},
        Damage{"CutConfig",
               [](const DemoCopy& demo) { cut_in_half(demo.model / "config.json"); },
               {"[load_model]", "config.json"}},
        Damage{"UnknownFamily",
               [](const DemoCopy& demo) {
                 replace_text(demo.model / "config.json", "LlamaForCausalLM", "MambaForCausalLM");
                 replace_text(demo.model / "config.json", "\"llama\"", "\"mamba\"");
               },
               {"[load_model]", "MambaForCausalLM", "LlamaForCausalLM", "GPT2LMHeadModel"}},
        Damage{
            "NoWeights",
            [](const DemoCopy& demo) { std::filesystem::remove(demo.model / "model.safetensors"); },
            {"model.safetensors"}},
        Damage{"CutWeights",
               [](const DemoCopy& demo) { cut_in_half(demo.model / "model.safetensors"); },
               {"model.safetensors"}},
        Damage{"NoTensor",
               [](const DemoCopy& demo) {
                 edit_weights(demo.model / "model.safetensors",
                              [](OwnedTensors& tensors) { tensors.erase(kNorm); });
               },
               {"model.safetensors", kNorm}},
        Damage{"ShapeOfTensor",
               [](const DemoCopy& demo) {
                 edit_weights(demo.model / "model.safetensors", [](OwnedTensors& tensors) {
                   tensors[kNorm].shape = {64};
                   tensors[kNorm].bytes.resize(tensors[kNorm].bytes.size() / 2);
                 });
               },
               {"[load_model]", "model.safetensors", kNorm, "[64]", "expected [128]"}},
        Damage{"NanInTensor",
               [](const DemoCopy& demo) {
                 edit_weights(demo.model / "model.safetensors",
                              [](OwnedTensors& tensors) { tensors[kNorm].spoil(); });
               },
               {"[load_model]", "model.safetensors", kNorm, "1 values that are not finite"}},
        Damage{"NoTokenizer",
               [](const DemoCopy& demo) { std::filesystem::remove(demo.model / "tokenizer.json"); },
               {"tokenizer.json"}},
        Damage{"CutTokenizer",
               [](const DemoCopy& demo) { cut_in_half(demo.model / "tokenizer.json"); },
               {"tokenizer.json"}}),
    name_of_case<Damage>);

INSTANTIATE_TEST_SUITE_P(
    Transcoders, DamagedFiles,
    ::testing::Values(
        Damage{"NoFolder",
               [](const DemoCopy& demo) { std::filesystem::remove_all(demo.transcoders); },
               {"[load_transcoders]", "/clt"}},
        Damage{
            "NoConfig",
            [](const DemoCopy& demo) { std::filesystem::remove(demo.transcoders / "config.yaml"); },
            {"[load_transcoders]", "config.yaml"}},
        Damage{"UnknownHook",
               [](const DemoCopy& demo) {
                 replace_text(demo.transcoders / "config.yaml", "mlp.hook_in", "mlp.hook_inn");
               },
               {"config.yaml:3", "mlp.hook_inn", "expected one of"}},
        Damage{"NoDecoder",
               [](const DemoCopy& demo) {
                 std::filesystem::remove(demo.transcoders / "W_dec_3.safetensors");
               },
               {"W_dec_3.safetensors"}},
        Damage{"CutDecoder",
               [](const DemoCopy& demo) { cut_in_half(demo.transcoders / "W_dec_1.safetensors"); },
               {"W_dec_1.safetensors"}},
        Damage{"NoTensor",
               [](const DemoCopy& demo) {
                 edit_weights(demo.transcoders / "W_enc_2.safetensors",
                              [](OwnedTensors& tensors) { tensors.erase("b_enc_2"); });
               },
               {"W_enc_2.safetensors", "b_enc_2"}},
        Damage{"ShapeOfTensor",
               [](const DemoCopy& demo) {
                 edit_weights(demo.transcoders / "W_enc_2.safetensors", [](OwnedTensors& tensors) {
                   tensors["b_enc_2"].shape = {384};
                   tensors["b_enc_2"].bytes.resize(tensors["b_enc_2"].bytes.size() / 2);
                 });
               },
               {"W_enc_2.safetensors", "b_enc_2", "[384]", "expected [768]"}},
        Damage{"NanInEncoder",
               [](const DemoCopy& demo) {
                 edit_weights(demo.transcoders / "W_enc_1.safetensors",
                              [](OwnedTensors& tensors) { tensors["W_enc_1"].spoil(); });
               },
               {"W_enc_1.safetensors", "W_enc_1", "not finite"}},
        Damage{"OfAnotherModel",
               [](const DemoCopy& demo) {
                 std::filesystem::remove_all(demo.transcoders);
                 std::filesystem::copy(kGolden / "llama-clt-relu/transcoder", demo.transcoders);
               },
               {"transcoders", "/clt", "layers is 3", "has 6"}}),
    name_of_case<Damage>);

struct Case {
  std::string name;
  std::vector<std::string> arguments;
  std::vector<std::string> texts;
};

class BadPrompt : public ::testing::TestWithParam<Case> {};

TEST_P(BadPrompt, IsNamed) {
  const TempDir folder;
  write_text(folder / "empty", "\n");
  std::vector<std::string> arguments = {"trace"};
  arguments.insert(arguments.end(), GetParam().arguments.begin(), GetParam().arguments.end());
  const ChildResult result = run_circuit(arguments, {.directory = folder.path()});
  expect_failure(result, 1, GetParam().texts);
  EXPECT_THAT(files_below(folder.path()), ElementsAre("empty"));
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

INSTANTIATE_TEST_SUITE_P(
    Trace, BadPrompt,
    ::testing::Values(
        Case{"NoFile", {"--prompt-file", "nowhere"}, {"--prompt-file nowhere", "cannot be read"}},
        Case{"Folder", {"--prompt-file", "."}, {"[trace] --prompt-file .: cannot be read"}},
        Case{"NoList", {"--prompts", "nowhere"}, {"[read_prompts] nowhere: cannot be read"}},
        Case{"EmptyList", {"--prompts", "empty"}, {"[read_prompts] empty: holds no prompt"}},
        Case{"EmptyFile", {"--prompt-file", "empty"}, {"empty"}},
        Case{"NotUtf8", {"--prompt", "caf\xE9"}, {"UTF-8"}},
        Case{"TooLong", {"--prompt", repeated(" small", 200)}, {"201", "128"}},
        Case{"TooManyIds", {"--token-ids", "0" + repeated(",5", 128)}, {"129", "128"}},
        Case{"OnePosition", {"--token-ids", "0"}, {"[trace]", "1 token", "expected at least 2"}},
        Case{"IdOutOfRange", {"--token-ids", "0,2904"}, {"2904"}},
        Case{"BosOutOfRange", {"--prompt", "small", "--bos", "99999"}, {"99999"}},
        Case{"TooManyZeroPositions",
             {"--prompt", "small", "--zero-positions", "9"},
             {"[trace]", "the first 9", "expected at least 10"}},
        Case{"TargetOfTwoTokens",
             {"--prompt", "the opposite of small is", "--target", " enormously"},
             {"enormously", "token"}},
        Case{"TargetOutOfRange",
             {"--prompt", "the opposite of small is", "--target", "#2904"},
             {"#2904"}},
        Case{"TargetTwice",
             {"--prompt", "the opposite of small is", "--target", " large", "--target", " large"},
             {"\" large\"", "twice"}}),
    name_of_case<Case>);

TEST(OutputFolder, BelowAFileIsRefusedBeforeAnythingIsLoaded) {
  const TempDir folder;
  write_text(folder / "file", "mine");
  const std::string out = folder / "file" / "pictures";
  for (const auto& [subcommand, arguments] :
       std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"trace", {"--prompt", "a"}}, {"prune", {"x"}}, {"export", {"x"}}}) {
    std::vector<std::string> all = {subcommand};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.insert(all.end(), {"--out", out});
    expect_failure(run_circuit(all), 1,
                   {"[write_outputs] " + out, "/file is not a folder, expected a folder"});
  }
  EXPECT_EQ(circuit::testing::read_text(folder / "file"), "mine");
}

TEST(FullDisk, LeavesNoHalfFile) {
  const TempDir folder;
  const std::vector<std::string> arguments = {"trace", "--prompt",     "the opposite of small is",
                                              "--out", folder / "out", "--format",
                                              "png",   "--save-graph"};
  const ChildResult result = run_circuit(arguments, {.file_size_limit = 20'000});
  expect_failure(result, 1, {folder / "out", "the-opposite-of-small-is", "File too large"});
  EXPECT_THAT(files_below(folder / "out"), IsEmpty());
}

class BadGraph : public ::testing::TestWithParam<std::string> {};

TEST_P(BadGraph, IsNamed) {
  const TempDir folder;
  const auto run = [&](const std::filesystem::path& graph) {
    return run_circuit({GetParam(), graph}, {.directory = folder.path()});
  };
  expect_failure(run("nowhere.safetensors"), 1, {"nowhere.safetensors"});
  write_text(folder / "text", "no graph");
  expect_failure(run("text"), 1, {"text"});
  expect_failure(run(kDemo / "model/model.safetensors"), 1,
                 {"[read_graph_file]", "model.safetensors", "circuit.graph"});
  EXPECT_THAT(files_below(folder.path()), ElementsAre("text"));
}

INSTANTIATE_TEST_SUITE_P(Subcommands, BadGraph,
                         ::testing::Values("prune", "export", "score", "inspect", "verify"),
                         [](const auto& parameter) { return parameter.param; });

TEST(Inspect, NamesWhatDoesNotFit) {
  const TempDir folder;
  const DemoCopy demo(folder.path());
  edit_weights(demo.model / "model.safetensors",
               [](OwnedTensors& tensors) { tensors.erase(kNorm); });
  expect_failure(run_circuit({"inspect", "--model", demo.model}), 1, {"model.safetensors", kNorm});
  const ChildResult result = run_circuit({"inspect", "--model", kDemo / "model", "--transcoders",
                                          kGolden / "llama-clt-relu/transcoder"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output,
              HasSubstr("no: the transcoders' number of layers is 3, the model has 6"));
  EXPECT_EQ(result.errors,
            "circuit: [inspect] the transcoders' number of layers is 3, the model has 6\n");
}

TEST(Tokenize, NamesABadTokenizer) {
  const TempDir folder;
  write_text(folder / "tokenizer.json", "{");
  expect_failure(run_circuit({"tokenize", "--text", "a", "--model", folder.path()}), 1,
                 {"tokenizer.json"});
}

}  // namespace
}  // namespace circuit::cli::testing
