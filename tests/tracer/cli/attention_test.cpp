// `circuit attention` on a graph of the demo, and `circuit trace --per-head --qk`.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/tracer/cli/demo_graph.h"
#include "tests/tracer/cli/demo_prompts.h"
#include "tests/tracer/cli/program.h"
#include "tests/tracer/cli/weight_file.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::read_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

constexpr double kExact = 1e-5;  // of Σ|terms|, in f32

double sum(const Json& values) {
  double total = 0.0;
  for (const Json& value : values) total += value.get<double>();
  return total;
}

class Attention : public DemoGraph {
 protected:
  /// `SOURCE→TARGET` of the strongest link from a token at another position than its target.
  static std::string strongest_moving_edge() {
    std::string edge;
    double most = 0.0;
    const Json viewed = viewer_json();
    for (const Json& link : viewed["links"]) {
      const std::string source = link["source"], target = link["target"];
      const bool moves = source.substr(source.rfind('_')) != target.substr(target.rfind('_'));
      const double weight = std::abs(link["weight"].get<double>());
      if (!source.starts_with("E_") || !moves || weight <= most) continue;
      most = weight;
      edge = source + "→" + target;
    }
    return edge;
  }

  std::string report(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"attention", graph()});
    const ChildResult result = run_circuit(arguments, {.directory = out_.path()});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return result.output;
  }
};

TEST_F(Attention, DividesAnEdgeAmongHeads) {
  const Json found = run("attention", {"--edge", strongest_moving_edge(), "--sequences", "7"});
  const double edge = found["edge"];
  const double tolerance = kExact * found["absolute_sum"].get<double>();
  EXPECT_NEAR(edge, found["stored"].get<double>(), tolerance);
  EXPECT_NEAR(sum(found["by_hops"]), edge, tolerance);
  EXPECT_EQ(found["by_hops"].size(), found["layers"].size() + 1);
  double last = found["residual"], alone = 0.0;
  for (const Json& layer : found["layers"]) {
    EXPECT_NEAR(layer["past"].get<double>() + sum(layer["through"]), edge, tolerance);
    EXPECT_EQ(layer["through"].size(), 4U);
    last += sum(layer["last"]);
    alone += sum(layer["alone"]);
  }
  EXPECT_NEAR(last, edge, tolerance);
  EXPECT_NEAR(alone, found["by_hops"][1].get<double>(), tolerance);
  EXPECT_LE(found["error"].get<double>(), kExact);
  // To another position nothing comes but through heads.
  EXPECT_EQ(found["residual"], 0.0);
  ASSERT_EQ(found["sequences"].size(), 7U);
  double before = std::abs(edge) * 100;
  for (const Json& sequence : found["sequences"]) {
    EXPECT_LE(std::abs(sequence["weight"].get<double>()), before);
    before = std::abs(sequence["weight"].get<double>());
    EXPECT_FALSE(sequence["heads"].empty());
  }
}

TEST_F(Attention, TellsPeopleOfAnEdge) {
  const std::string text = report({"--edge", strongest_moving_edge()});
  for (const char* part :
       {"\nto         ", "\nedge       ", "by the attention of layer", "\nhops       heads  ",
        "\nheads      layer  head", "  past  ", "all    residual", "\nsequences  ",
        "of Σ|terms| at most: residual + Σ last"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST_F(Attention, TakesAScoreApart) {
  const Json found = run("attention", {"--head", "3.1", "--query", "-1", "--key", "4"});
  const double tolerance = kExact * found["absolute_sum"].get<double>();
  EXPECT_EQ(found["query"], 5);
  EXPECT_EQ(found["key"], 4);
  EXPECT_EQ(found["head"], "3.1");
  EXPECT_TRUE(found["against"].is_null());
  EXPECT_TRUE(found["soft_cap"].is_null());
  EXPECT_NEAR(found["sum"].get<double>(), found["score"].get<double>(), tolerance);
  EXPECT_LE(found["error"].get<double>(), kExact);
  EXPECT_NEAR(sum(found["key_positions"]) + found["key_bias"].get<double>(),
              found["sum"].get<double>(), tolerance);
  EXPECT_GT(found["weight"].get<double>(), 0.0);
  std::size_t raising = 0, lowering = 0;
  for (const Json& term : found["terms"]) {
    ++(term["value"].get<double>() > 0 ? raising : lowering);
    EXPECT_TRUE(term.contains("query") && term.contains("key"));
  }
  EXPECT_EQ(raising, 10U);
  EXPECT_EQ(lowering, 10U);
  for (const Json& one : found["key_marginals"]) {
    if (one["source"].is_null()) continue;
    const std::string id = one["source"];
    if (id.starts_with("E_") || id.find("_-1_") != std::string::npos) continue;
    EXPECT_TRUE(found["labels"].contains(id.substr(0, id.rfind('_')))) << id;
  }
}

TEST_F(Attention, ContrastsTwoKeys) {
  const auto score = [&](const std::string& key) {
    return run("attention", {"--head", "3.1", "--query", "5", "--key", key})["score"].get<double>();
  };
  const Json found = run(
      "attention", {"--head", "3.1", "--query", "5", "--key", "4", "--against", "2", "--top", "3"});
  EXPECT_EQ(found["against"], 2);
  EXPECT_NEAR(found["score"].get<double>(), score("4") - score("2"), 1e-5);
  EXPECT_NEAR(found["sum"].get<double>(), found["score"].get<double>(),
              kExact * found["absolute_sum"].get<double>());
  EXPECT_EQ(found["terms"].size(), 6U);
}

TEST_F(Attention, TellsPeopleOfAScore) {
  const std::string text =
      report({"--head", "3.1", "--query", "-1", "--key", "4", "--against", "2", "--top", "2"});
  for (const char* part :
       {"head         3.1\n", "\nquery        5 \" est\"\n", "\nkey          4 \" petit\", ",
        "\nagainst      2 \" contraire\", ", "that of the key less that of the other key",
        "\nraising          term", "\nlowering         term", "\nquery side   ", "\nkey side     ",
        "\nby position  ", " others\n", "  biases\n", "  sum\n"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("cap")));
}

TEST_F(Attention, DrawsPatterns) {
  const Json found = run("attention", {"--patterns", "--head", "3.1", "--head", "0.0"});
  EXPECT_EQ(found["layers"], 6);
  EXPECT_EQ(found["heads"], 4);
  EXPECT_EQ(found["positions"], 6);
  EXPECT_THAT(found["files"], ElementsAre("./petit-attention.svg", "./petit-attention.html"));
  EXPECT_THAT(read_text(out_ / "petit-attention.svg"), HasSubstr("<svg"));
  EXPECT_THAT(read_text(out_ / "petit-attention.html"), HasSubstr("<html"));
  EXPECT_THAT(
      report({"--patterns", "--format", "svg", "--name", "p", "--out", "deep/folder"}),
      HasSubstr("patterns  6 layers of 4 heads, 6 positions\nfiles     deep/folder/p.svg\n"));
  EXPECT_THAT(files_below(out_.path()), ElementsAre("deep", "deep/folder", "deep/folder/p.svg",
                                                    "petit-attention.html", "petit-attention.svg"));
}

TEST_F(Attention, RefusesWhatTheGraphDoesNotHave) {
  const auto refuse = [&](std::vector<std::string> arguments, const std::string& text) {
    fail(1, "attention", std::move(arguments), {"[attention] ", text});
  };
  refuse({"--edge", "0_9999_3→5_1_4"}, "petit.graph.safetensors: the source of --edge");
  refuse({"--edge", "E_0_0→5_9999_4"},
         "the target of --edge E_0_0→5_9999_4 is no node of the graph");
  refuse({"--head", "6.0", "--query", "5", "--key", "4"}, "layer 6 is not there, expected 0 to 5");
  refuse({"--head", "0.4", "--query", "5", "--key", "4"}, "head 4 is not there, expected 0 to 3");
  refuse({"--head", "0.0", "--query", "6", "--key", "4"},
         "--query is 6, expected -6 to 5 in this prompt");
  refuse({"--head", "0.0", "--query", "2", "--key", "-1"},
         "key position 5 lies behind query position 2");
  refuse({"--head", "0.0", "--query", "-1", "--key", "5", "--against", "-1"},
         "both keys are position 5");
  refuse({"--patterns", "--head", "6.1"}, "--head is 6.1, the model has 6 layers of 4 heads");
  EXPECT_THAT(files_below(out_.path()), ElementsAre());
}

TEST_F(Attention, RefusesAGraphOfAnotherModel) {
  const DemoCopy demo(out_.path());
  edit_weights(demo.model / "model.safetensors", [](OwnedTensors& tensors) {
    tensors["model.norm.weight"].bytes.front() ^= std::byte{1};
  });
  fail(1, "attention",
       {"--patterns", "--model", demo.model, "--transcoders", demo.transcoders, "--out",
        out_ / "pictures"},
       {"[attention] the graph was made with model"});
  EXPECT_FALSE(std::filesystem::exists(out_ / "pictures"));
}

class TracedAttention : public Attention {
 protected:
  Json trace(const std::string& name, std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"trace", "--prompt", "le contraire de petit est", "--name",
                                         name, "--json", "--format", "json", "--save-graph"});
    const ChildResult result = run_circuit(arguments, {.directory = out_.path()});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return Json::parse(result.output, nullptr, /*allow_exceptions=*/false);
  }
};

TEST_F(TracedAttention, DividesKeptEdgesAndMakesTables) {
  const Json report = trace("both", {"--per-head", "--qk", "--qk-share", "0.5", "--qk-top", "3"});
  const Json& found = report["attention"];
  EXPECT_GE(report["phases"]["attention"], 0.0);
  EXPECT_GT(found["divided_edges"], 20);
  EXPECT_LE(found["divided_edges"], report["edges"]);
  EXPECT_GT(found["tables"], 0);
  EXPECT_GE(found["carried"], 0.5);
  EXPECT_LE(found["carried"], 1.0);
  double carried = 0.0;
  std::size_t largest_of = 0;
  for (const Json& head : found["heads"]) {
    carried += head["carried"].get<double>();
    largest_of += head["largest_of"].get<std::size_t>();
  }
  EXPECT_NEAR(carried, found["carried"].get<double>(), 1e-9);
  EXPECT_GT(largest_of, 0U);
  EXPECT_LE(largest_of, found["divided_edges"].get<std::size_t>());
  const Json settings =
      Json::parse(read_text(out_ / "both.json"))["metadata"]["generation_settings"];
  EXPECT_EQ(settings["per_head"], "true");
  EXPECT_EQ(settings["qk"], "true");
  EXPECT_EQ(settings["qk_share"], 0.5);
  EXPECT_EQ(settings["qk_top"], 3);
}

TEST_F(TracedAttention, FindsOnlyWhatItIsAskedFor) {
  const Json plain = trace("plain", {});
  EXPECT_FALSE(plain.contains("attention"));
  EXPECT_FALSE(plain["phases"].contains("attention"));
  const Json divided = trace("divided", {"--per-head"});
  EXPECT_GT(divided["attention"]["divided_edges"], 0);
  EXPECT_EQ(divided["attention"]["tables"], 0);
  const Json tables = trace("tables", {"--qk"});
  EXPECT_EQ(tables["attention"]["divided_edges"], 0);
  EXPECT_GT(tables["attention"]["tables"], 0);
  for (const Json& one : {divided, tables}) {
    EXPECT_EQ(one["nodes"], plain["nodes"]);
    EXPECT_EQ(one["edges"], plain["edges"]);
  }
}

TEST_F(TracedAttention, IsTheSameForAnyNumberOfThreadsAndWithLittleMemory) {
  std::vector<std::string> graphs;
  for (const std::string threads : {"1", "3"}) {
    trace("t" + threads, {"--per-head", "--qk", "--threads", threads});
    graphs.push_back(read_text(out_ / ("t" + threads + ".graph.safetensors")));
  }
  EXPECT_TRUE(graphs[0] == graphs[1]);
  const Json little = trace("little", {"--per-head", "--qk", "--memory", "400MiB"});
  EXPECT_EQ(little["predicted_peak_memory_bytes"], std::int64_t{400} << 20);
  EXPECT_LE(little["peak_memory_bytes"], little["predicted_peak_memory_bytes"]);
}

TEST_F(TracedAttention, TellsPeople) {
  const ChildResult result = run_circuit(
      {"trace", "--prompt", "le contraire de petit est", "--per-head", "--qk", "--format", "json"},
      {.directory = out_.path()});
  for (const char* part :
       {"\nattention  [0-9]+ edges divided; largest part by: [0-9].[0-9] \\([0-9]+\\)",
        "[0-9]+ tables of scores, which carry [0-9.]+ % of what heads take straight from sources: "
        "[0-9].[0-9] \\([0-9.]+ %",
        ", attention [0-9.]+ s, export "}) {
    EXPECT_THAT(result.output, ::testing::ContainsRegex(part));
  }
}

TEST_F(TracedAttention, OfManyPromptsIsThatOfEach) {
  write_lines(out_ / "list.jsonl", {R"({"prompt": "le contraire de petit est", "name": "listed"})",
                                    R"({"prompt": "the opposite of small is", "name": "second"})"});
  const ChildResult result =
      run_circuit({"trace", "--prompts", "list.jsonl", "--per-head", "--qk", "--json", "--format",
                   "json", "--save-graph", "--threads", "2"},
                  {.directory = out_.path()});
  ASSERT_EQ(result.exit_code, 0) << result.errors;
  const Json first = Json::parse(result.output.substr(0, result.output.find('\n')));
  EXPECT_EQ(first["attention"], trace("alone", {"--per-head", "--qk"})["attention"]);
  EXPECT_TRUE(read_text(out_ / "listed.graph.safetensors") ==
              read_text(out_ / "alone.graph.safetensors"));
}

}  // namespace
}  // namespace circuit::cli::testing
