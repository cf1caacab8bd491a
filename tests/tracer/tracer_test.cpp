#include "tracer/tracer.h"

#include <gtest/gtest.h>

#include "graph/prune.h"
#include "graph/scores.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit::testing {
namespace {

LoadOptions demo(ComputeType dtype = ComputeType::kF32) {
  const std::filesystem::path folder = CIRCUIT_DEMO_DIR;
  return {.model = folder / "model", .transcoders = folder / "clt", .dtype = dtype, .threads = 2};
}

PromptInput prompt(const std::string& text) { return {.prompt = text, .token_ids = {}, .bos = ""}; }

TEST(Tracer, ExplainsTheOppositeOfPetit) {
  const Tracer tracer(demo());
  const Trace trace = tracer.trace(prompt("le contraire de petit est"));
  const AttributionGraph& graph = trace.graph;
  EXPECT_EQ(graph.nodes().tokens,
            (std::vector<std::string>{"<bos>", " le", " contraire", " de", " petit", " est"}));
  ASSERT_GE(graph.n_targets(), 1u);
  EXPECT_EQ(graph.nodes().targets[0].label, " grand");
  EXPECT_GT(graph.nodes().targets[0].probability, 0.9);
  EXPECT_LE(*graph.closure_error(), 1e-5);
  const Scores scores = compute_scores(graph);
  EXPECT_GT(*scores.replacement, 0.7);
  EXPECT_GT(*scores.completeness, 0.9);
  EXPECT_EQ(graph.provenance().prompt, "le contraire de petit est");
  EXPECT_EQ(graph.provenance().model_name, "circuit-demo");
  EXPECT_EQ(graph.provenance().model_hash.size(), 16u);
}

TEST(Tracer, PredictsEveryMoveOfTheDemo) {
  const Tracer tracer(demo());
  for (const char* text : {"the opposite of small is", "lo contrario de pequeño es", "36 + 59 ="}) {
    const Trace trace = tracer.trace(prompt(text));
    const Verification check = tracer.verify(trace.graph, /*samples=*/200, /*seed=*/1);
    EXPECT_EQ(check.perturbed_sources, 200);
    EXPECT_GT(check.checked_edges, 10000);
    EXPECT_LE(check.largest_error, 1e-5) << text << ": " << check.worst;
    EXPECT_LE(*trace.graph.closure_error(), 1e-5) << text;
  }
}

TEST(Tracer, NoticesAGraphWithOneWrongEdge) {
  const Tracer tracer(demo());
  const AttributionGraph graph = tracer.trace(prompt("36 + 59 =")).graph;
  EdgeMatrix edges = graph.edges();
  const std::size_t last = edges.begin(graph.n_nodes() - 1);
  edges.weights[last] += static_cast<float>(0.01 * graph.row_totals().absolute_totals.back());
  const AttributionGraph wrong(graph.nodes(), edges, {}, graph.row_totals(), graph.provenance());
  const Verification check = tracer.verify(wrong, /*samples=*/100000, /*seed=*/0);
  EXPECT_NEAR(check.largest_error, 0.01, 1e-3);
  EXPECT_NE(check.worst.find("-> target"), std::string::npos) << check.worst;
}

TEST(Tracer, RefusesToVerifyAGraphOfAnotherModel) {
  const Tracer tracer(demo());
  const AttributionGraph graph = tracer.trace(prompt("36 + 59 =")).graph;
  Provenance other = graph.provenance();
  other.model_hash = "0123456789abcdef";
  const AttributionGraph foreign(graph.nodes(), graph.edges(), {}, {}, other);
  EXPECT_EQ(message_of<std::invalid_argument>([&] {
              tracer.verify(foreign, 1, 0);
            }).rfind("[verify] the graph was made with model circuit-demo (0123456789abcdef)", 0),
            0u);
}

TEST(Tracer, ExplainsADifferenceOfLogits) {
  const Tracer tracer(demo());
  AttributionOptions options;
  options.targets.named = {" large- small", "#5"};
  const AttributionGraph graph = tracer.trace(prompt("the opposite of small is"), options).graph;
  ASSERT_EQ(graph.n_targets(), 2u);
  const Target& difference = graph.nodes().targets[0];
  EXPECT_EQ(difference.kind, TargetKind::kDifference);
  EXPECT_EQ(difference.token_id, -1);
  EXPECT_EQ(difference.label, "logit( large)-logit( small)");
  EXPECT_EQ(difference.display, " large -  small");
  EXPECT_LE(*graph.closure_error(), 1e-5);
  EXPECT_LE(tracer.verify(graph, 100, 0).largest_error, 1e-5);
}

TEST(Tracer, LabelsKeptFeaturesByTheirOutputTokens) {
  const Tracer tracer(demo());
  AttributionGraph graph = tracer.trace(prompt("le contraire de petit est")).graph;
  const PrunedGraph pruned = prune(graph);
  tracer.label_features(graph, pruned.node_mask);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < graph.n_features(); ++i) {
    if (pruned.node_mask[i] == 0) continue;
    ++kept;
    const Node node = graph.node(i);
    const FeatureLabel& label = graph.provenance().feature_labels.at({node.layer, node.feature});
    EXPECT_EQ(label.source, "output tokens");
    EXPECT_FALSE(label.text.empty());
  }
  EXPECT_GT(kept, 5u);
}

TEST(Tracer, ComputesInDoubleAndInBfloat16Too) {
  const AttributionGraph single = Tracer(demo()).trace(prompt("36 + 59 =")).graph;
  const AttributionGraph exact = Tracer(demo(ComputeType::kF64)).trace(prompt("36 + 59 =")).graph;
  const AttributionGraph coarse = Tracer(demo(ComputeType::kBF16)).trace(prompt("36 + 59 =")).graph;
  EXPECT_EQ(single.nodes().active_features, exact.nodes().active_features);
  EXPECT_LE(*exact.closure_error(), 1e-12);
  EXPECT_EQ(coarse.nodes().targets[0].token_id, exact.nodes().targets[0].token_id);
  EXPECT_LE(*coarse.closure_error(), 0.1);
}

TEST(Tracer, TakesTokenIdsAsGiven) {
  const Tracer tracer(demo());
  const std::vector<std::int32_t> ids = {0, 447, 2283, 446, 2778, 663};
  EXPECT_EQ(tracer.encode(prompt("le contraire de petit est")), ids);
  EXPECT_EQ(tracer.encode({.prompt = "", .token_ids = ids, .bos = ""}), ids);
  EXPECT_EQ(tracer.encode({.prompt = "le contraire", .token_ids = {}, .bos = "none"}),
            (std::vector<std::int32_t>{447, 2283}));
  EXPECT_EQ(
      message_of<std::invalid_argument>(
          [&] { tracer.trace({.prompt = "", .token_ids = std::vector{0}, .bos = ""}); }),
      "[trace] the prompt has 1 token(s), of which the first 1 carry no features; expected at "
      "least 2");
}

TEST(Tracer, SaysWhichPartIsMissing) {
  LoadOptions options = demo();
  options.model = "/nowhere";
  EXPECT_EQ(
      message_of<std::runtime_error>([&] { Tracer tracer(options); }),
      "[load_model] /nowhere: no such directory, expected a Hugging Face model directory or a "
      "GGUF file");
}

}  // namespace
}  // namespace circuit::testing
