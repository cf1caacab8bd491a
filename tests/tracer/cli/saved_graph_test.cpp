// What the subcommands make of a graph that `trace` saved: the same as `trace` itself.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"
#include "tests/tracer/cli/weight_file.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::read_text;
using circuit::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

/// One traced prompt for all tests of this file: `small.json`, `.svg` and `.graph.safetensors`.
class SavedGraph : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempDir>();
    const ChildResult result =
        run_circuit({"trace", "--prompt", "the opposite of small is", "--name", "small", "--out",
                     folder_->path(), "--format", "json,svg", "--save-graph", "--json"});
    ASSERT_EQ(result.exit_code, 0) << result.errors;
    report_ = Json::parse(result.output);
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static std::filesystem::path traced(const std::string& name) { return *folder_ / name; }
  static std::string graph() { return traced("small.graph.safetensors"); }

  /// A run that succeeds in a folder of its own.
  std::string run(const std::vector<std::string>& arguments) {
    const ChildResult result = run_circuit(arguments, {.directory = out_.path()});
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    EXPECT_EQ(result.errors, "");
    return result.output;
  }
  Json run_json(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    return Json::parse(run(arguments));
  }

  static std::unique_ptr<TempDir> folder_;
  static Json report_;
  TempDir out_;
};

std::unique_ptr<TempDir> SavedGraph::folder_;
Json SavedGraph::report_;

TEST_F(SavedGraph, ExportsAsTraceDoes) {
  const Json report = run_json({"export", graph(), "--format", "json,svg"});
  EXPECT_EQ(report["nodes"], report_["nodes"]);
  EXPECT_EQ(report["edges"], report_["edges"]);
  EXPECT_EQ(report["files"], Json({"./small.json", "./small.svg"}));
  EXPECT_EQ(read_text(out_ / "small.json"), read_text(traced("small.json")));
  EXPECT_EQ(read_text(out_ / "small.svg"), read_text(traced("small.svg")));
}

TEST_F(SavedGraph, ReadsViewerJsonInPlaceOfAGraphFile) {
  run({"export", traced("small.json"), "--format", "json"});
  EXPECT_EQ(read_text(out_ / "small.json"), read_text(traced("small.json")));
  const Json whole = run_json({"score", graph()}), held = run_json({"score", traced("small.json")});
  EXPECT_EQ(held["replacement_score"], whole["replacement_score"]);
  EXPECT_EQ(held["pruned"], Json(nullptr));
  EXPECT_EQ(run_json({"inspect", traced("small.json")})["graph"]["pruned"]["compact"], true);
}

TEST_F(SavedGraph, PrunesViewerJsonFurtherButNotLess) {
  const ChildResult more = run_circuit({"prune", traced("small.json"), "--node-threshold", "0.5"},
                                       {.directory = out_.path()});
  EXPECT_EQ(more.exit_code, 0);
  EXPECT_THAT(more.errors, HasSubstr("small.json: holds only what pruning kept; influence is"));
  const ChildResult less = run_circuit({"prune", traced("small.json"), "--node-threshold", "0.9"},
                                       {.directory = out_.path()});
  EXPECT_EQ(less.exit_code, 1);
  EXPECT_THAT(less.errors,
              HasSubstr("small.json: holds only what was kept at --node-threshold 0.8, "
                        "expected the whole graph for 0.9"));
}

TEST_F(SavedGraph, ComparesAGraphWithItself) {
  const Json report = run_json({"compare", graph(), traced("small.json"), "--format", "json,svg"});
  EXPECT_EQ(report["node_counts"],
            Json({{"both", report_["nodes"]}, {"only_a", 0}, {"only_b", 0}}));
  EXPECT_EQ(report["edges"].size(), 20u);
  for (const Json& edge : report["edges"]) EXPECT_EQ(edge["share_a"], edge["share_b"]);
  EXPECT_THAT(files_below(out_.path()),
              ElementsAre("graph-metadata.json", "small-vs-small.json", "small-vs-small.svg"));
  EXPECT_EQ(run_json({"inspect", "small-vs-small.json"})["graph"]["pruned"]["nodes"],
            report_["nodes"]);
  EXPECT_THAT(run({"compare", graph(), graph()}), HasSubstr(" in both, 0 only in A, 0 only in B"));
}

TEST_F(SavedGraph, RefusesToComparePositionsThatAreNone) {
  const auto errors = [&](const std::string& pairs) {
    return run_circuit({"compare", graph(), graph(), "--align", pairs}, {.directory = out_.path()})
        .errors;
  };
  EXPECT_THAT(errors("7"), HasSubstr("--align: '7', expected positions such as 7=8"));
  EXPECT_THAT(errors("1=99"), HasSubstr("[align] 1=99 is outside, expected below 6=6"));
}

TEST_F(SavedGraph, AggregatesAFolder) {
  const Json report = run_json(
      {"aggregate", folder_->path(), graph(), "--save-graph", "--format", "json", "--top", "0"});
  EXPECT_EQ(report["graphs"], 2);
  EXPECT_EQ(report["jaccard"], 1);
  for (const Json& feature : report["features"]) EXPECT_EQ(feature["graphs"], 2);
  EXPECT_GT(report["features"].size(), 0u);
  EXPECT_THAT(files_below(out_.path()),
              ElementsAre("aggregate.graph.safetensors", "aggregate.json", "graph-metadata.json"));
  run_json({"inspect", "aggregate.graph.safetensors"});
  EXPECT_THAT(run({"aggregate", graph(), graph()}), HasSubstr("2/2"));
  std::filesystem::create_directory(out_ / "empty");
  const ChildResult empty = run_circuit({"aggregate", "empty"}, {.directory = out_.path()});
  EXPECT_EQ(empty.exit_code, 1);
  EXPECT_THAT(empty.errors, HasSubstr("[aggregate] empty: holds no graph, expected some"));
}

TEST_F(SavedGraph, ExportsEveryFormatAndEverything) {
  run({"export", graph(), "--format", "json,dot,svg,png,graphml", "--name", "other", "--out",
       "a/b"});
  EXPECT_THAT(files_below(out_ / "a/b"),
              ElementsAre("graph-metadata.json", "other.dot", "other.graphml", "other.json",
                          "other.png", "other.svg"));
  const Json all = run_json({"export", graph(), "--all", "--format", "json"});
  const Json inspected = run_json({"inspect", graph()});
  EXPECT_EQ(all["nodes"], inspected["graph"]["nodes"]);
  EXPECT_EQ(all["edges"], inspected["graph"]["edges"]);
}

TEST_F(SavedGraph, ShowsNoMoreEdgesThanItIsTold) {
  run({"export", graph(), "--format", "svg", "--max-edges", "5"});
  EXPECT_THAT(read_text(out_ / "small.svg"), HasSubstr("only the 5 strongest edges are drawn"));
  run({"export", graph(), "--format", "svg", "--max-edges", "0"});
  EXPECT_EQ(read_text(out_ / "small.svg").find("strongest edges"), std::string::npos);
  expect_failure(run_circuit({"export", graph(), "--max-edges", "-1"}), 2,
                 {"--max-edges", "is -1, expected a whole number from 0"});
}

TEST_F(SavedGraph, ExportsAPageWithCardsAndASecondGraph) {
  run({"export", graph(), "--format", "html", "--name", "plain"});
  const std::string plain = read_text(out_ / "plain.html");
  EXPECT_THAT(plain, HasSubstr(R"(id="cards">{}<)"));
  EXPECT_THAT(plain, HasSubstr(R"(id="compare-head">null<)"));
  run({"export", graph(), "--format", "json", "--name", "plain"});
  const Json nodes = Json::parse(read_text(out_ / "plain.json"))["nodes"];
  const std::string id = nodes[0]["node_id"];  // LAYER_FEATURE_POSITION
  const std::size_t first = id.find('_'), second = id.find('_', first + 1);
  const std::string layer = id.substr(0, first);
  const std::string feature = id.substr(first + 1, second - first - 1);
  std::ofstream(out_ / "f.jsonl") << R"({"layer": )" << layer << R"(, "feature": )" << feature
                                  << R"(, "label": "a card"})";
  run({"export", graph(), "--format", "html", "--features", "f.jsonl", "--compare-with", graph()});
  const std::string page = read_text(out_ / "small.html");
  EXPECT_THAT(page, HasSubstr("\"" + layer + "_" + feature + R"(":{"label":"a card")"));
  EXPECT_THAT(page, HasSubstr(R"(id="compare-head">{"format":"circuit.page")"));
  std::ofstream(out_ / "f.jsonl") << R"({"layer": 0})";
  expect_failure(run_circuit({"export", graph(), "--format", "html", "--features", "f.jsonl"},
                             {.directory = out_.path()}),
                 1, {"[read_feature_cards] f.jsonl:1: no feature, expected a whole number"});
}

TEST_F(SavedGraph, PrunesAndThenExportsAsTraceDoes) {
  const Json report = run_json({"prune", graph()});
  EXPECT_EQ(report["nodes"], report_["nodes"]);
  EXPECT_EQ(report["files"], Json({"./small-pruned.graph.safetensors"}));
  run({"export", "small-pruned.graph.safetensors", "--name", "small", "--format", "json"});
  EXPECT_EQ(read_text(out_ / "small.json"), read_text(traced("small.json")));
  const Json stricter = run_json({"prune", graph(), "--node-threshold", "0.4", "--name", "few"});
  EXPECT_LT(stricter["nodes"], report["nodes"]);
  const Json kept = run_json({"export", "few.graph.safetensors", "--format", "json"});
  EXPECT_EQ(kept["nodes"], stricter["nodes"]);
  const Json anew =
      run_json({"export", "few.graph.safetensors", "--format", "json", "--node-threshold", "0.8"});
  EXPECT_EQ(anew["nodes"], report["nodes"]);
}

TEST_F(SavedGraph, PrunesToPictures) {
  const std::string text = run({"prune", graph(), "--format", "json,svg", "--name", "small"});
  EXPECT_THAT(text, HasSubstr("files    ./small.json\n         ./small.svg\n"));
  EXPECT_EQ(read_text(out_ / "small.svg"), read_text(traced("small.svg")));
}

TEST_F(SavedGraph, CompactsToWhatIsKept) {
  run({"prune", graph(), "--compact", "--name", "tiny"});
  const Json whole = run_json({"score", graph()});
  const Json tiny = run_json({"score", "tiny.graph.safetensors"});
  EXPECT_EQ(tiny["replacement_score"], whole["replacement_score"]);
  EXPECT_TRUE(tiny["pruned"].is_null());
  expect_failure(run_circuit({"score", out_ / "tiny.graph.safetensors", "--nodes", "0_1_1"}), 1,
                 {"[score]", "tiny.graph.safetensors", "expected the whole graph"});
  run({"export", "tiny.graph.safetensors", "--name", "small", "--format", "json"});
  const Json exported = Json::parse(read_text(out_ / "small.json"));
  EXPECT_EQ(exported["nodes"].size(), report_["nodes"]);
  EXPECT_EQ(exported["links"].size(), report_["edges"]);
  EXPECT_LT(std::filesystem::file_size(out_ / "tiny.graph.safetensors"),
            std::filesystem::file_size(graph()) / 4);
}

TEST_F(SavedGraph, IsNeverOverwrittenByItsPruning) {
  const std::string before = read_text(graph());
  expect_failure(run_circuit({"prune", graph(), "--name", "small", "--out", traced("")}), 2,
                 {"[prune] the output would be the input", "small.graph.safetensors"});
  EXPECT_EQ(read_text(graph()), before);
}

TEST_F(SavedGraph, ScoresAsTraceDoes) {
  const Json scores = run_json({"score", graph()});
  EXPECT_EQ(scores["replacement_score"], report_["replacement_score"]);
  EXPECT_EQ(scores["completeness_score"], report_["completeness_score"]);
  EXPECT_LT(scores["pruned"]["replacement_score"], scores["replacement_score"]);
  EXPECT_GT(scores["pruned"]["replacement_score"], 0);
  EXPECT_FALSE(scores.contains("chosen"));
  run({"prune", graph()});
  EXPECT_EQ(run_json({"score", "small-pruned.graph.safetensors"}), scores);
  EXPECT_THAT(run({"score", graph()}), HasSubstr("whole   replacement 0."));
}

TEST_F(SavedGraph, ScoresAChosenSubgraph) {
  std::string kept;
  const Json small = Json::parse(read_text(traced("small.json")));
  for (const Json& node : small["nodes"]) {
    if (node["feature_type"] == "cross layer transcoder") {
      kept += (kept.empty() ? "" : ",") + node["node_id"].get<std::string>();
    }
  }
  const Json scores = run_json({"score", graph(), "--nodes", kept});
  ASSERT_FALSE(kept.empty());
  EXPECT_EQ(scores["chosen"]["replacement_score"], scores["pruned"]["replacement_score"]);
  const Json few = run_json({"score", graph(), "--nodes", kept.substr(0, kept.find(','))});
  EXPECT_LT(few["chosen"]["replacement_score"], scores["chosen"]["replacement_score"]);
  expect_failure(run_circuit({"score", graph(), "--nodes", "0_767_0"}), 1,
                 {"[score] --nodes: the graph has no node 0_767_0"});
}

TEST_F(SavedGraph, IsVerified) {
  const Json report = run_json({"verify", graph(), "--samples", "40", "--seed", "3"});
  EXPECT_EQ(report["passed"], true);
  EXPECT_EQ(report["perturbed_sources"], 40);
  EXPECT_LT(report["closure_error"], 1e-5);
  EXPECT_LT(report["largest_prediction_error"], 1e-5);
  EXPECT_THAT(run({"verify", graph(), "--samples", "5"}), HasSubstr("not validity"));
}

TEST_F(SavedGraph, IsHeldAgainstTheLiveModel) {
  const std::vector<std::string> command = {"verify",     graph(),      "--samples", "5",
                                            "--validity", "--features", "30"};
  const std::string text = run(command);
  EXPECT_THAT(text, HasSubstr("exactness"));
  EXPECT_THAT(text, HasSubstr("no pass mark"));
  EXPECT_THAT(text, HasSubstr("(published: 0.72)"));
  std::vector<std::string> json = command;
  json.push_back("--json");
  const Json report = Json::parse(run(json));
  EXPECT_EQ(report["passed"], true);
  const Json& validity = report["validity"];
  EXPECT_EQ(validity["features"], 30);
  ASSERT_EQ(validity["runs"].size(), 4u);
  const Json &held = validity["runs"][0], &live = validity["runs"][2];
  EXPECT_EQ(held["mode"], "held");
  EXPECT_EQ(live["mode"], "live");
  EXPECT_EQ(held["by_depth"].size(), 3u);
  EXPECT_EQ(live["by_depth"].size(), 5u);  // of six layers
  // Edges are nearly forced to hold where nothing else reacts.
  EXPECT_GT(held["by_depth"][0]["cosine"], 0.9);
  EXPECT_LT(held["by_depth"][0]["median_error"], 0.2);
  EXPECT_EQ(validity["rank_correlation"].size(), 2u);
  EXPECT_FALSE(
      Json::parse(run({"verify", graph(), "--samples", "5", "--json"})).contains("validity"));
}

TEST_F(SavedGraph, IsVerifiedInItsOwnType) {
  run({"trace", "--prompt", "the opposite of small is", "--dtype", "f64", "--name", "double",
       "--format", "json", "--save-graph"});
  const Json report = run_json({"verify", "double.graph.safetensors", "--samples", "20"});
  EXPECT_LT(report["closure_error"], 1e-12);
}

TEST_F(SavedGraph, FailsVerificationWhenChanged) {
  std::filesystem::copy_file(graph(), out_ / "changed.safetensors");
  edit_weights(out_ / "changed.safetensors", [](OwnedTensors& tensors) {
    for (std::size_t i = 3; i < tensors["weights"].bytes.size(); i += 4) {
      tensors["weights"].bytes[i] ^= std::byte{0x80};  // every sign
    }
  });
  const ChildResult result = run_circuit({"verify", out_ / "changed.safetensors"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.output, HasSubstr("failed (limit 1.0e-04)"));
  EXPECT_THAT(result.errors, HasSubstr("circuit: [verify] a prediction is off by "));
}

TEST_F(SavedGraph, IsRefusedWithAnotherModel) {
  const DemoCopy demo(out_.path());
  edit_weights(demo.model / "model.safetensors", [](OwnedTensors& tensors) {
    tensors["model.norm.weight"].bytes.front() ^= std::byte{1};
  });
  expect_failure(
      run_circuit({"verify", graph(), "--model", demo.model, "--transcoders", demo.transcoders}), 1,
      {"[verify] the graph was made with model"});
  const ChildResult inspected = run_circuit({"inspect", graph(), "--model", demo.model});
  EXPECT_EQ(inspected.exit_code, 1);
  EXPECT_THAT(inspected.errors, HasSubstr("[inspect] the graph is of the model"));
}

TEST_F(SavedGraph, IsInspected) {
  const Json graph_only = run_json({"inspect", graph()});
  EXPECT_FALSE(graph_only.contains("model"));
  const Json& described = graph_only["graph"];
  EXPECT_EQ(described["prompt"], "the opposite of small is");
  EXPECT_EQ(described["active_features"], report_["active_features"]);
  EXPECT_EQ(described["replacement_score"], report_["replacement_score"]);
  EXPECT_EQ(described["settings"]["dtype"], "f32");
  EXPECT_TRUE(described["pruned"].is_null());
  const Json demo = run_json({"inspect"});
  EXPECT_EQ(demo["model"]["architecture"], "LlamaForCausalLM");
  EXPECT_EQ(demo["model"]["parameters"], 1946240);
  EXPECT_EQ(demo["model"]["hash"], described["model"]["hash"]);
  EXPECT_EQ(demo["transcoders"]["kind"], "cross-layer");
  EXPECT_EQ(demo["transcoders"]["n_features"], 768);
  EXPECT_EQ(demo["transcoders"]["hash"], described["transcoders"]["hash"]);
  EXPECT_EQ(demo["fit"]["fits"], true);
  EXPECT_THAT(run({"inspect", graph()}), HasSubstr("closure"));
}

template <typename T>
OwnedTensor tensor_of(Dtype dtype, std::vector<std::int64_t> shape, const std::vector<T>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {dtype, std::move(shape), {bytes.begin(), bytes.end()}};
}

/// All of every edge through head 1.3, and a score of it with one term, of biases.
void add_attention(const std::filesystem::path& path) {
  edit_weights(path, [](OwnedTensors& tensors) {
    const std::int64_t n_edges = tensors["columns"].shape.front();
    std::vector<std::int64_t> edges(static_cast<std::size_t>(n_edges) + 1);
    std::iota(edges.begin(), edges.end(), 0);
    tensors["head_offsets"] = tensor_of(Dtype::kI64, {n_edges + 1}, edges);
    edges.pop_back();
    tensors["head_edges"] = tensor_of(Dtype::kI64, {n_edges}, edges);
    std::vector<std::int32_t> ways;
    for (std::int64_t edge = 0; edge < n_edges; ++edge) ways.insert(ways.end(), {1, 3});
    tensors["head_parts"] = tensor_of(Dtype::kI32, {n_edges, 2}, ways);
    tensors["head_weights"] = tensors["weights"];
    using Indices = std::vector<std::int32_t>;
    using Numbers = std::vector<double>;
    tensors["score_cells"] = tensor_of(Dtype::kI32, {1, 5}, Indices{1, 3, 4, 2, -1});
    tensors["score_values"] = tensor_of(Dtype::kF64, {1, 7}, Numbers{2, 2, 2, 0, 0.5, 0, 2});
    tensors["score_counts"] =
        tensor_of(Dtype::kI64, {1, 6}, std::vector<std::int64_t>{1, 1, 1, 0, 0, 0});
    tensors["score_terms"] = tensor_of(Dtype::kI32, {1, 8}, Indices(8, -1));
    tensors["score_term_values"] = tensor_of(Dtype::kF64, {1}, Numbers{2});
    tensors["score_marginals"] = tensor_of(Dtype::kI32, {0, 4}, Indices{});
    tensors["score_marginal_values"] = tensor_of(Dtype::kF64, {0}, Numbers{});
    tensors["score_key_positions"] = tensor_of(Dtype::kF64, {0}, Numbers{});
  });
}

TEST_F(SavedGraph, KeepsWhatIsKnownAboutAttention) {
  std::filesystem::copy_file(graph(), out_ / "a.graph.safetensors");
  add_attention(out_ / "a.graph.safetensors");
  const auto expect_attention = [&](const std::string& file, const Json& edges) {
    const Json described = run_json({"inspect", file})["graph"];
    EXPECT_EQ(described["divided_edges"], edges) << file;
    EXPECT_EQ(described["score_tables"], 1) << file;
  };
  const Json all = run_json({"inspect", graph()})["graph"];
  EXPECT_EQ(all["divided_edges"], 0);
  expect_attention("a.graph.safetensors", all["edges"]);
  EXPECT_THAT(run({"inspect", "a.graph.safetensors"}),
              HasSubstr("edges divided among heads, 1 score tables"));
  run({"prune", "a.graph.safetensors"});
  expect_attention("a-pruned.graph.safetensors", all["edges"]);
  const Json kept = run_json({"prune", "a.graph.safetensors", "--compact", "--name", "less"});
  expect_attention("less.graph.safetensors", kept["edges"]);
  run({"export", "less.graph.safetensors", "--name", "b", "--format", "json,graphml"});
  expect_attention("b.json", kept["edges"]);
  EXPECT_THAT(read_text(out_ / "b.graphml"), HasSubstr("<data key=\"head\">1.3</data>"));
}

TEST(Tokenize, FollowsTheTokenizersOwnTemplate) {
  const Json with = Json::parse(run_circuit({"tokenize", "--text", "Dallas", "--json"}).output);
  EXPECT_EQ(with["tokens"], Json({"<bos>", " Dallas"}));
  const Json without =
      Json::parse(run_circuit({"tokenize", "--text", "Dallas", "--no-special", "--json"}).output);
  EXPECT_EQ(without["tokens"], Json({" Dallas"}));
  EXPECT_EQ(without["ids"][0], with["ids"][1]);
  EXPECT_THAT(run_circuit({"tokenize", "--text", "Dallas"}).output, HasSubstr("\" Dallas\"\n"));
}

}  // namespace
}  // namespace circuit::cli::testing
