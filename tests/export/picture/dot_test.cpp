#include "export/picture/dot.h"

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <graphviz/cgraph.h>
#include <gtest/gtest.h>

#include "export/names/node_names.h"
#include "graph/kept_graph.h"
#include "tests/export/xml_rules.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::synthetic_graph;

struct CloseGraph {
  void operator()(Agraph_t* graph) const { agclose(graph); }
};
using ParsedGraph = std::unique_ptr<Agraph_t, CloseGraph>;

std::string attribute(void* object, std::string name) {
  const char* value = agget(object, name.data());
  return value == nullptr ? "" : value;
}

void expect_same_graph(const AttributionGraph& graph, const PrunedGraph& pruned,
                       const std::string& dot) {
  const ParsedGraph parsed(agmemread(dot.c_str()));
  ASSERT_TRUE(parsed);
  const KeptGraph kept = kept_graph(graph, pruned);
  EXPECT_EQ(static_cast<std::size_t>(agnnodes(parsed.get())), kept.nodes.size());
  EXPECT_EQ(static_cast<std::size_t>(agnedges(parsed.get())), kept.edges.size());
  for (const std::size_t node : kept.nodes) {
    std::string id = name_node(graph, node).node_id;
    Agnode_t* found = agnode(parsed.get(), id.data(), /*createflag=*/0);
    ASSERT_NE(found, nullptr) << id;
    EXPECT_EQ(attribute(found, "kind"), kind_name(graph.kind(node)));
  }
  for (const KeptEdge& edge : kept.edges) {
    std::string source = name_node(graph, edge.source).node_id;
    std::string target = name_node(graph, edge.target).node_id;
    Agedge_t* found =
        agedge(parsed.get(), agnode(parsed.get(), source.data(), 0),
               agnode(parsed.get(), target.data(), 0), /*name=*/nullptr, /*createflag=*/0);
    ASSERT_NE(found, nullptr) << source << " -> " << target;
    EXPECT_EQ(std::stof(attribute(found, "weight")), edge.weight);
  }
}

void expect_picture(const AttributionGraph& graph, const PrunedGraph& pruned,
                    const std::string& svg) {
  EXPECT_EQ(testing::first_xml_error(svg), "");
  const std::string titles = "\n" + testing::texts_of(svg, "title");
  for (const std::size_t node : kept_graph(graph, pruned).nodes) {
    const std::string id = name_node(graph, node).node_id;
    EXPECT_NE(titles.find("\n" + id + "\n"), std::string::npos) << id;
  }
}

TEST(Dot, ParsesAgainWithAllKeptNodesAndEdges) {
  const AttributionGraph graph = synthetic_graph({.direction = true});
  const PrunedGraph pruned = prune(graph);
  expect_same_graph(graph, pruned, render(graph, pruned, {}, PictureFormat::kDot));
}

TEST(Dot, ParsesAgainForHostileTexts) {
  const AttributionGraph graph =
      synthetic_graph({.n_positions = 18, .n_targets = 18, .hostile_text = true});
  const PrunedGraph pruned = prune(graph, {1, 0.9});
  expect_same_graph(graph, pruned, render(graph, pruned, {}, PictureFormat::kDot));
}

TEST(Dot, HasAllEdgesAlsoWhenPicturesShowFewer) {
  const AttributionGraph graph = synthetic_graph();
  const PrunedGraph pruned = prune(graph);
  const std::size_t kept = kept_graph(graph, pruned).edges.size();
  ASSERT_GT(kept, 10U);
  expect_same_graph(graph, pruned, render(graph, pruned, {.most_edges = 10}, PictureFormat::kDot));
  const std::string svg = render(graph, pruned, {.most_edges = 10}, PictureFormat::kSvg);
  std::size_t edges = 0;
  for (std::size_t at = svg.find("class=\"edge\""); at != svg.npos;
       at = svg.find("class=\"edge\"", at + 1)) {
    ++edges;
  }
  EXPECT_EQ(edges, 10U);
}

TEST(Dot, IsTheSameTextForTheSameGraph) {
  const AttributionGraph graph = synthetic_graph();
  EXPECT_EQ(render(graph, prune(graph), {}, PictureFormat::kDot),
            render(synthetic_graph(), prune(graph), {}, PictureFormat::kDot));
}

TEST(Svg, IsWellFormedAndNamesEveryKeptNode) {
  const AttributionGraph graph = synthetic_graph({.direction = true});
  const PrunedGraph pruned = prune(graph);
  expect_picture(graph, pruned, render(graph, pruned, {}, PictureFormat::kSvg));
}

TEST(Svg, ShowsHostileTextsAsTheyAre) {
  const AttributionGraph graph =
      synthetic_graph({.n_positions = 18, .n_targets = 18, .hostile_text = true});
  const PrunedGraph pruned = prune(graph, {1, 0.9});
  const std::string svg = render(graph, pruned, {}, PictureFormat::kSvg);
  expect_picture(graph, pruned, svg);
  const std::string texts = testing::texts_of(svg, "text");
  for (const char* text : {"back\\slash\\N\\G\n", "]]>\n", "line⏎break↵→tab\n", "\\xE2\\x82\n",
                           "end\\\n", "\\\"\n", "&\u200Bamp; & &\u200B#0;\n",
                           "<script>alert(1)<…\n", "\" \"\n", "\"back\\slash\\N\\G\"\n"}) {
    EXPECT_NE(texts.find(text), std::string::npos) << text;
  }
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

TEST(Png, HasTheSignatureAndAReadableSize) {
  const AttributionGraph graph = synthetic_graph();
  const PrunedGraph pruned = prune(graph);
  const std::string png = render(graph, pruned, {}, PictureFormat::kPng);
  ASSERT_TRUE(png.starts_with("\x89PNG\r\n\x1a\n"));
  EXPECT_GT(big_endian(png, 16), 600u);
  EXPECT_LT(big_endian(png, 16), 6000u);
  EXPECT_GT(big_endian(png, 20), 400u);
  EXPECT_LT(big_endian(png, 20), 6000u);
  const std::string twice = render(graph, pruned, {.dots_per_inch = 240}, PictureFormat::kPng);
  EXPECT_NEAR(big_endian(twice, 16), 2.0 * big_endian(png, 16), 3);
}

TEST(Png, StaysBelowTheLargestImageForManyPositions) {
  const AttributionGraph graph =
      synthetic_graph({.n_layers = 2, .n_positions = 300, .n_active = 20, .density = 0.01});
  const std::string png = render(graph, prune(graph), {}, PictureFormat::kPng);
  ASSERT_TRUE(png.starts_with("\x89PNG\r\n\x1a\n"));
  EXPECT_LE(big_endian(png, 16), 16500u);
}

TEST(Pdf, HasTheSignature) {
  const AttributionGraph graph = synthetic_graph();
  EXPECT_TRUE(render(graph, prune(graph), {}, PictureFormat::kPdf).starts_with("%PDF-"));
}

TEST(Render, GivesTheSamePictureInManyThreads) {
  const AttributionGraph graph = synthetic_graph();
  const PrunedGraph pruned = prune(graph);
  const std::string expected = render(graph, pruned, {}, PictureFormat::kSvg);
  std::vector<std::string> pictures(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& picture : pictures) {
      threads.emplace_back([&] { picture = render(graph, pruned, {}, PictureFormat::kSvg); });
    }
  }
  for (const std::string& picture : pictures) EXPECT_EQ(picture, expected);
}

TEST(Render, PrintsNothing) {
  const AttributionGraph graph = synthetic_graph({.n_positions = 18, .hostile_text = true});
  ::testing::internal::CaptureStderr();
  render(graph, prune(graph, {1, 0.9}), {}, PictureFormat::kPng);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(Dot, TellsApartTheNodesAndEdgesOfTwoGraphs) {
  const AttributionGraph graph = testing::synthetic_graph();
  const PrunedGraph pruned = prune(graph);
  PictureOptions options;
  options.node_sides.assign(graph.n_nodes(), Side::kBoth);
  options.edge_sides.assign(graph.edges().edges(), Side::kOnlyB);
  const std::string plain = render(graph, pruned, {}, PictureFormat::kDot);
  EXPECT_EQ(plain.find("only in A"), std::string::npos);
  for (std::size_t node = 0; node < graph.n_nodes(); node += 2) {
    options.node_sides[node] = Side::kOnlyA;
  }
  const std::string dot = render(graph, pruned, options, PictureFormat::kDot);
  for (const char* part : {"only in A", "only in B", "in both", "<B>A L", "fillcolor=\"#CCE3F0\"",
                           "fillcolor=\"#FFFFFF\"", "style=dashed"}) {
    EXPECT_NE(dot.find(part), std::string::npos) << part;
  }
  const std::size_t edges = dot.find(" -> ");
  ASSERT_NE(edges, std::string::npos);
  EXPECT_EQ(dot.find("color=\"#0072B2", edges), std::string::npos);  // none is A's
}

TEST(Dot, RefusesSidesOfAnotherGraph) {
  const AttributionGraph graph = testing::synthetic_graph();
  PictureOptions options;
  options.node_sides.assign(3, Side::kBoth);
  EXPECT_NE(testing::message_of<std::invalid_argument>([&] {
              render(graph, prune(graph), options, PictureFormat::kDot);
            }).find("[lay_out] sides of 3 nodes and 0 edges, expected"),
            std::string::npos);
}

}  // namespace
}  // namespace circuit
