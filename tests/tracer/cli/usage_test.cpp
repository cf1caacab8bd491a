// Wrong usage: everything that the command line alone shows is exit code 2, one line, no file.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::TempDir;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Case {
  std::string name;
  std::vector<std::string> arguments;
  std::vector<std::string> texts;
};

class WrongUsage : public ::testing::TestWithParam<Case> {};

TEST_P(WrongUsage, IsOneLineAndExitCodeTwo) {
  const TempDir folder;
  const ChildResult result = run_circuit(GetParam().arguments, {.directory = folder.path()});
  expect_failure(result, 2, GetParam().texts);
  EXPECT_THAT(result.errors, HasSubstr("--help)"));
  EXPECT_THAT(files_below(folder.path()), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    CommandLine, WrongUsage,
    ::testing::Values(
        Case{"nothing", {}, {"[command line] no subcommand (see circuit --help)"}},
        Case{"subcommand", {"tarce"}, {"[command line] unknown subcommand tarce"}},
        Case{"program_option", {"--foo"}, {"[command line] unknown option --foo"}},
        Case{"option",
             {"trace", "--prompt", "a", "--foo"},
             {"[trace] unknown option --foo (see circuit trace --help)"}},
        Case{"argument", {"trace", "--prompt", "a", "b"}, {"[trace] unexpected b"}},
        Case{"missing_value", {"trace", "--prompt"}, {"[trace]", "--prompt"}},
        Case{"number",
             {"trace", "--prompt", "a", "--max-features", "many"},
             {"[trace] --max-features = many, expected a number"}},
        Case{"twice", {"trace", "--prompt", "a", "--prompt", "b"}, {"[trace]", "--prompt"}}),
    name_of_case<Case>);

INSTANTIATE_TEST_SUITE_P(
    Prompt, WrongUsage,
    ::testing::Values(
        Case{"none", {"trace"}, {"[trace] no prompt", "circuit trace --prompt 'le contraire"}},
        Case{"two",
             {"trace", "--prompt", "a", "--token-ids", "1,2"},
             {"more than one prompt",
              "one of --prompt, --prompt-file, --token-ids, --prompts, --chat, --user"}},
        Case{
            "one_and_many", {"trace", "--prompt", "a", "--prompts", "b"}, {"more than one prompt"}},
        Case{"ids_and_many",
             {"trace", "--token-ids", "1,2", "--prompts", "b"},
             {"more than one prompt"}},
        Case{"file_and_many",
             {"trace", "--prompt-file", "a", "--prompts", "b"},
             {"more than one prompt"}},
        Case{"name_of_many",
             {"trace", "--prompts", "a", "--name", "b"},
             {"--name with --prompts, whose lines have names of their own"}},
        Case{"empty", {"trace", "--prompt", ""}, {"--prompt is empty, expected a text"}},
        Case{"ids", {"trace", "--token-ids", "1,,2"}, {"--token-ids: '' is no token id"}},
        Case{"negative_id", {"trace", "--token-ids", "1,-2"}, {"'-2' is no token id"}},
        Case{"wide_id", {"trace", "--token-ids", "99999999999"}, {"'99999999999' is no token id"}},
        Case{"bos_of_ids", {"trace", "--token-ids", "1,2", "--bos", "none"}, {"--bos"}},
        Case{"bos", {"trace", "--prompt", "a", "--bos", "first"}, {"first", "expected"}},
        Case{"zero_positions",
             {"trace", "--prompt", "a", "--zero-positions", "0"},
             {"--zero-positions is 0, expected a whole number of at least 1"}},
        Case{"text", {"tokenize"}, {"[tokenize] no text, expected --text TEXT, --chat"}}),
    name_of_case<Case>);

INSTANTIATE_TEST_SUITE_P(
    Chats, WrongUsage,
    ::testing::Values(
        Case{"and_prompt", {"trace", "--prompt", "a", "--chat", "b"}, {"more than one prompt"}},
        Case{
            "user_and_ids", {"trace", "--token-ids", "1", "--user", "b"}, {"more than one prompt"}},
        Case{"and_list", {"trace", "--prompts", "a", "--user", "b"}, {"more than one prompt"}},
        Case{"twice", {"tokenize", "--chat", "a", "--user", "b"}, {"--chat with --user"}},
        Case{"system", {"trace", "--system", "a"}, {"--system without --user"}},
        Case{"date", {"trace", "--user", "a", "--date", "26.7."}, {"'26.7.' is no day, expected"}},
        Case{"date_of_text",
             {"trace", "--prompt", "a", "--date", "2024-07-26"},
             {"--date without a chat, expected --chat or --user"}},
        Case{"endings",
             {"trace", "--user", "a", "--no-generation-prompt", "--continue-final-message"},
             {"--no-generation-prompt with --continue-final-message"}},
        Case{"ending_of_text",
             {"tokenize", "--text", "a", "--continue-final-message"},
             {"[tokenize] --continue-final-message without a chat"}},
        Case{"text", {"tokenize", "--text", "a", "--user", "b"}, {"[tokenize] --text with a chat"}},
        Case{"no_special",
             {"tokenize", "--user", "b", "--no-special"},
             {"[tokenize] --no-special with a chat"}}),
    name_of_case<Case>);

INSTANTIATE_TEST_SUITE_P(
    Numbers, WrongUsage,
    ::testing::Values(
        Case{"node_threshold",
             {"trace", "--prompt", "a", "--node-threshold", "1.5"},
             {"--node-threshold is 1.5, expected a number in [0, 1]"}},
        Case{"negative_threshold",
             {"prune", "x", "--edge-threshold", "-0.1"},
             {"[prune] --edge-threshold is -0.1, expected"}},
        Case{"nan",
             {"export", "x", "--node-threshold", "nan"},
             {"[export] --node-threshold is nan, expected a number in [0, 1]"}},
        Case{"infinite",
             {"score", "x", "--node-threshold", "inf"},
             {"[score] --node-threshold is inf, expected"}},
        Case{"logit_prob",
             {"trace", "--prompt", "a", "--logit-prob", "2"},
             {"--logit-prob is 2, expected a number in [0, 1]"}},
        Case{"max_logits", {"trace", "--prompt", "a", "--max-logits", "0"}, {"--max-logits is 0"}},
        Case{"max_features",
             {"trace", "--prompt", "a", "--max-features", "-1"},
             {"--max-features is -1, expected a whole number of at least 0"}},
        Case{"batch_size", {"trace", "--prompt", "a", "--batch-size", "0"}, {"--batch-size is 0"}},
        Case{"update_interval",
             {"trace", "--prompt", "a", "--update-interval", "0"},
             {"--update-interval is 0"}},
        Case{"memory", {"trace", "--prompt", "a", "--memory", "8 quarts"}, {"size '8 quarts'"}},
        Case{"threads", {"trace", "--prompt", "a", "--threads", "-2"}, {"--threads is -2"}},
        Case{"samples", {"verify", "x", "--samples", "0"}, {"--samples is 0"}},
        Case{"probed_features", {"verify", "x", "--features", "0"}, {"--features is 0"}},
        Case{"qk_share",
             {"trace", "--prompt", "a", "--qk", "--qk-share", "1.5"},
             {"--qk-share is 1.5, expected a number in [0, 1]"}},
        Case{"qk_top", {"trace", "--prompt", "a", "--qk", "--qk-top", "0"}, {"--qk-top is 0"}},
        Case{"attention_top",
             {"attention", "x", "--head", "1.2", "--query", "3", "--key", "2", "--top", "0"},
             {"[attention] --top is 0, expected 1 or more"}}),
    name_of_case<Case>);

INSTANTIATE_TEST_SUITE_P(
    Choices, WrongUsage,
    ::testing::Values(
        Case{"format",
             {"trace", "--prompt", "a", "--format", "json,jpg"},
             {"[formats]", "'jpg' is unknown, expected some of json"}},
        Case{"no_format", {"trace", "--prompt", "a", "--format", ""}, {"a format is empty"}},
        Case{"name", {"trace", "--prompt", "a", "--name", "a/b"}, {"[name]", "'a/b' cannot name"}},
        Case{"no_name", {"trace", "--prompt", "a", "--name", ""}, {"--name", "is empty"}},
        Case{"long_name", {"export", "x", "--name", std::string(61, 'a')}, {"1 to 60"}},
        Case{"out", {"trace", "--prompt", "a", "--out", ""}, {"--out is empty"}},
        Case{"dtype", {"trace", "--prompt", "a", "--dtype", "f8"}, {"dtype 'f8', expected f32"}},
        Case{"device",
             {"trace", "--prompt", "a", "--device", "cuda:x"},
             {"--device is 'cuda:x', expected cpu, cuda or cuda:N"}},
        Case{"other_device", {"verify", "x", "--device", "gpu"}, {"--device is 'gpu', expected"}},
        Case{"tf32",
             {"trace", "--prompt", "a", "--tf32"},
             {"--tf32 with --device cpu, expected --device cuda"}},
        Case{"device_memory",
             {"trace", "--prompt", "a", "--device-memory", "4GiB"},
             {"--device-memory with --device cpu, expected --device cuda"}},
        Case{"device_memory_size",
             {"trace", "--prompt", "a", "--device", "cuda", "--device-memory", "much"},
             {"size 'much', expected a number of bytes"}},
        Case{"half_a_model", {"trace", "--prompt", "a", "--model", "m"}, {"without --transcoders"}},
        Case{"other_half",
             {"verify", "x", "--transcoders", "t"},
             {"[verify] --transcoders is given without --model"}},
        Case{"target_and_choice",
             {"trace", "--prompt", "a", "--target", "b", "--max-logits", "3"},
             {"--target with --max-logits"}},
        Case{"all_and_threshold",
             {"export", "x", "--all", "--node-threshold", "0.5"},
             {"--all with a threshold"}},
        Case{"features_without_page",
             {"export", "x", "--features", "f"},
             {"[export] --features without --format html"}},
        Case{"traced_features_without_page",
             {"trace", "--prompt", "a", "--features", "f", "--format", "svg"},
             {"[trace] --features without --format html"}},
        Case{"compare_without_page",
             {"export", "x", "--compare-with", "y", "--format", "json"},
             {"[export] --compare-with without --format html"}},
        Case{"compact_formats", {"prune", "x", "--compact", "--format", "svg"}, {"--compact with"}},
        Case{"url_and_format", {"export", "x", "--to-url", "--format", "svg"}, {"--to-url with"}},
        Case{"page", {"export", "x", "--page", "y"}, {"--page without --to-url"}},
        Case{"export_force", {"export", "x", "--force"}, {"--force without --supernodes"}},
        Case{"no_groups", {"group", "x"}, {"[group] expected one of --by"}},
        Case{"two_groups",
             {"group", "x", "--by", "layer", "--supernodes", "f"},
             {"expected one of"}},
        Case{"no_criterion", {"group", "x", "--by", "colour"}, {"--by 'colour', expected some of"}},
        Case{"empty_criterion", {"group", "x", "--by", "layer,"}, {"--by '', expected some of"}},
        Case{
            "feature_position", {"group", "x", "--by", "feature,position"}, {"no two nodes share"}},
        Case{"force", {"group", "x", "--by", "layer", "--force"}, {"--force without --supernodes"}},
        Case{"min_similarity",
             {"group", "x", "--by", "layer", "--min-similarity", "0"},
             {"--min-similarity is 0", "expected a number in (0, 1]"}},
        Case{"min_shared",
             {"group", "x", "--by", "layer", "--min-shared", "1.1"},
             {"--min-shared is 1.1"}},
        Case{"min_members",
             {"group", "x", "--by", "layer", "--min-members", "0"},
             {"--min-members is 0"}},
        Case{"no_graph", {"prune"}, {"[prune] no GRAPH, expected a graph file"}},
        Case{
            "nodes", {"score", "x", "--nodes", "1_2"}, {"'1_2', expected LAYER_FEATURE_POSITION"}}),
    name_of_case<Case>);

INSTANTIATE_TEST_SUITE_P(
    Attention, WrongUsage,
    ::testing::Values(
        Case{"nothing",
             {"attention", "x"},
             {"[attention] expected one of --edge SOURCE→TARGET, --head LAYER.HEAD --query P --key "
              "P, --patterns"}},
        Case{"no_graph", {"attention", "--patterns"}, {"[attention] no GRAPH"}},
        Case{"viewer_graph",
             {"attention", "x.json", "--patterns"},
             {"[attention] GRAPH is a viewer's JSON", "expected NAME.graph.safetensors"}},
        Case{"edge", {"attention", "x", "--edge", "1_2_3"}, {"expected SOURCE→TARGET"}},
        Case{"downwards",
             {"attention", "x", "--edge", "2_1_3→1_7_3"},
             {"expected a target in a layer above that of its source"}},
        Case{"edge_and_head",
             {"attention", "x", "--edge", "E_1_0→1_2_3", "--head", "1.2"},
             {"--head with --edge; expected one or the other"}},
        Case{"edge_and_patterns",
             {"attention", "x", "--edge", "E_1_0→1_2_3", "--patterns"},
             {"--patterns with --edge"}},
        Case{"patterns_and_query",
             {"attention", "x", "--patterns", "--head", "1.2", "--query", "3"},
             {"--query with --patterns"}},
        Case{"sequences",
             {"attention", "x", "--patterns", "--sequences", "3"},
             {"--sequences with"}},
        Case{"no_query", {"attention", "x", "--head", "1.2"}, {"--head without --query"}},
        Case{"no_key",
             {"attention", "x", "--head", "1.2", "--query", "3"},
             {"--head without --key"}},
        Case{"key_alone", {"attention", "x", "--key", "3"}, {"expected one of --edge"}},
        Case{"two_heads",
             {"attention", "x", "--head", "1.2", "--head", "1.3", "--query", "3", "--key", "2"},
             {"--head is given 2 times, expected one"}},
        Case{"head",
             {"attention", "x", "--head", "12", "--query", "3", "--key", "2"},
             {"--head is '12', expected LAYER.HEAD such as 3.2"}},
        Case{
            "head_of_patterns", {"attention", "x", "--patterns", "--head", "a"}, {"--head is 'a'"}},
        Case{"query",
             {"attention", "x", "--head", "1.2", "--query", "last", "--key", "2"},
             {"--query is 'last', expected a position such as 4, or -1 for the last"}},
        Case{"key_behind_query",
             {"attention", "x", "--head", "1.2", "--query", "3", "--key", "4"},
             {"--key is 4, behind --query 3; heads look at their own position and earlier ones"}},
        Case{"against_behind_query",
             {"attention", "x", "--head", "1.2", "--query", "-3", "--key", "-4", "--against", "-1"},
             {"--against is -1, behind --query -3"}},
        Case{"against_itself",
             {"attention", "x", "--head", "1.2", "--query", "3", "--key", "2", "--against", "2"},
             {"--against is --key, expected another position"}},
        Case{"out", {"attention", "x", "--edge", "E_1_0→1_2_3", "--out", "y"}, {"--out without"}},
        Case{"format",
             {"attention", "x", "--patterns", "--format", "svg,json"},
             {"--format is 'svg,json', expected svg, html or both for --patterns"}},
        Case{"memory", {"attention", "x", "--patterns", "--memory", "much"}, {"size 'much'"}},
        Case{
            "qk_share", {"trace", "--prompt", "a", "--qk-share", "1"}, {"--qk-share without --qk"}},
        Case{"qk_top",
             {"trace", "--prompt", "a", "--per-head", "--qk-top", "3"},
             {"--qk-top without"}}),
    name_of_case<Case>);

TEST(Help, OfEverySubcommandHasDefaultsAndExamples) {
  for (const std::string name : {"trace", "prune", "export", "group", "score", "inspect", "convert",
                                 "verify", "attention", "tokenize"}) {
    const ChildResult result = run_circuit({name, "--help"});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.errors, "");
    EXPECT_THAT(result.output, HasSubstr("Usage: circuit " + name));
    EXPECT_THAT(result.output, HasSubstr("Examples:\n  circuit " + name));
    EXPECT_THAT(run_circuit({"--help"}).output, HasSubstr("\n  " + name));
  }
  const std::string trace = run_circuit({"trace", "--help"}).output;
  for (const std::string option :
       {"--max-logits INT=10", "--logit-prob FLOAT=0.95", "--max-features INT=7500",
        "--batch-size INT=256", "--update-interval INT=4", "--memory SIZE=8GiB",
        "--node-threshold FLOAT=0.8", "--edge-threshold FLOAT=0.98", "--dtype TYPE=f32"}) {
    EXPECT_THAT(trace, HasSubstr(option));
  }
}

TEST(Version, IsPrinted) {
  EXPECT_EQ(run_circuit({"--version"}).output, "circuit " CIRCUIT_VERSION "\n");
}

TEST(Output, ThatCannotBeWrittenIsAFailure) {
  expect_failure(run_circuit({"tokenize", "--text", "a"}, {.output_file = "/dev/full"}), 1,
                 {"[print] standard output", "No space left on device"});
}

TEST(Program, IsNotLinkedToTorch) {
  const ChildResult result = circuit::testing::run_child({"ldd", CIRCUIT_PROGRAM});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("libstdc++"));
  EXPECT_THAT(result.output, ::testing::Not(HasSubstr("libtorch")));
  EXPECT_THAT(result.output, ::testing::Not(HasSubstr("libc10")));
}

}  // namespace
}  // namespace circuit::cli::testing
