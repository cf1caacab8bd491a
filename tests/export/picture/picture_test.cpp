#include "export/picture/picture.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/random_graph.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

Picture picture_of(const testing::SyntheticGraphOptions& options, const PruneOptions& pruning) {
  const AttributionGraph graph = testing::synthetic_graph(options);
  return lay_out(graph, prune(graph, pruning), {});
}

bool overlap(const Box& a, const Box& b) {
  return std::abs(a.centre.x - b.centre.x) < (a.width + b.width) / 2 &&
         std::abs(a.centre.y - b.centre.y) < (a.height + b.height) / 2;
}

TEST(Picture, NeverPutsOneBoxOnAnother) {
  for (std::uint32_t seed = 0; seed < 5; ++seed) {
    const Picture picture = picture_of({.seed = seed, .n_targets = 12}, {0.95, 0.98});
    for (std::size_t i = 0; i < picture.boxes.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        EXPECT_FALSE(overlap(picture.boxes[i], picture.boxes[j])) << i << " and " << j;
      }
    }
  }
}

TEST(Picture, PutsTargetsAboveTheColumnsWhereTheyRead) {
  const AttributionGraph graph = testing::synthetic_graph({.n_targets = 12, .more_targets = true});
  const Picture picture = lay_out(graph, prune(graph, {0.95, 0.98}), {});
  double early = 0, last = 0, highest_other = 0;
  for (std::size_t i = 0; i < picture.boxes.size(); ++i) {
    const Box& box = picture.boxes[i];
    for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(overlap(box, picture.boxes[j]));
    if (box.kind != NodeKind::kTarget) {
      highest_other = std::max(highest_other, box.centre.y + box.height / 2);
    } else if (box.heading == "L3/77 at 5") {
      early = box.centre.x;
    } else if (box.position == 7) {
      last = std::max(last, box.centre.x);
    }
  }
  EXPECT_GT(early, 0);
  EXPECT_LT(early, last);
  for (const Box& box : picture.boxes) {
    if (box.kind != NodeKind::kTarget) continue;
    EXPECT_GT(box.centre.y - box.height / 2, highest_other);
  }
}

TEST(Picture, LeadsEveryCurveFromTheTopOfItsSourceToTheBottomOfItsTarget) {
  const Picture picture = picture_of({}, {0.95, 0.98});
  ASSERT_FALSE(picture.curves.empty());
  for (const Curve& curve : picture.curves) {
    const Box& source = picture.boxes[curve.source];
    const Box& target = picture.boxes[curve.target];
    ASSERT_EQ(curve.points.size() % 3, 1u);
    EXPECT_NEAR(curve.points.front().y, source.centre.y + source.height / 2, 1e-9);
    EXPECT_NEAR(curve.points.back().y, target.centre.y - target.height / 2, 1e-9);
    EXPECT_LE(std::abs(curve.points.front().x - source.centre.x), source.width / 2);
    EXPECT_LE(std::abs(curve.points.back().x - target.centre.x), target.width / 2);
    for (std::size_t i = 1; i < curve.points.size(); ++i) {
      EXPECT_GE(curve.points[i].y, curve.points[i - 1].y - 1e-9);
    }
  }
}

/// Whether a curve passes through the inside of a box that is not one of its ends.
bool crosses(const Curve& curve, const Box& box) {
  for (std::size_t i = 0; i + 3 < curve.points.size(); i += 3) {
    for (double t = 0; t <= 1; t += 0.05) {
      const double s = 1 - t;
      const auto at = [&](double Point::*axis) {
        return s * s * s * curve.points[i].*axis + 3 * s * s * t * curve.points[i + 1].*axis +
               3 * s * t * t * curve.points[i + 2].*axis + t * t * t * curve.points[i + 3].*axis;
      };
      if (std::abs(at(&Point::x) - box.centre.x) < box.width / 2 - 1 &&
          std::abs(at(&Point::y) - box.centre.y) < box.height / 2 - 1) {
        return true;
      }
    }
  }
  return false;
}

TEST(Picture, LeadsNoCurveBehindAnotherNodesBox) {
  const Picture picture = picture_of({.seed = 4}, {0.95, 0.98});
  std::size_t crossings = 0;
  for (const Curve& curve : picture.curves) {
    for (std::size_t i = 0; i < picture.boxes.size(); ++i) {
      if (i == curve.source || i == curve.target) continue;
      if (crosses(curve, picture.boxes[i])) ++crossings;
    }
  }
  EXPECT_EQ(crossings, 0u);
}

TEST(Picture, PutsHigherLayersHigherAndLaterPositionsToTheRight) {
  const AttributionGraph graph = testing::synthetic_graph();
  const Picture picture = lay_out(graph, prune(graph, {0.95, 0.98}), {});
  for (const Box& a : picture.boxes) {
    for (const Box& b : picture.boxes) {
      const Node node_a = graph.node(a.node), node_b = graph.node(b.node);
      EXPECT_TRUE(node_a.layer >= node_b.layer || a.centre.y < b.centre.y);
      if (a.kind == NodeKind::kTarget || b.kind == NodeKind::kTarget) continue;
      EXPECT_TRUE(node_a.position >= node_b.position || a.centre.x < b.centre.x);
    }
  }
}

TEST(Picture, DrawsTheStrongestEdgesAndSaysSo) {
  const AttributionGraph graph = testing::synthetic_graph();
  const PrunedGraph pruned = prune(graph, {0.95, 0.98});
  const auto score = [&](const Picture& picture, const Curve& curve) {
    const std::size_t target = picture.boxes[curve.target].node;
    const bool last = graph.kind(target) == NodeKind::kTarget;
    return curve.share * (last ? 1.0 : 1.0 - pruned.node_cumulative_influence[target]);
  };
  const auto scores = [&](const Picture& picture) {
    std::vector<double> all;
    for (const Curve& curve : picture.curves) all.push_back(score(picture, curve));
    std::ranges::sort(all, std::greater<>());
    return all;
  };
  const Picture all = lay_out(graph, pruned, {.most_edges = 0});
  const Picture some = lay_out(graph, pruned, {.most_edges = 20});
  std::vector<double> expected = scores(all);
  ASSERT_GT(expected.size(), 50U);
  expected.resize(20);
  EXPECT_EQ(scores(some), expected);
  EXPECT_EQ(some.boxes.size(), all.boxes.size());
  const auto says = [](const Picture& picture) {
    return std::ranges::any_of(picture.texts, [](const Text& text) {
      return text.text.find("only the 20 strongest edges are drawn") != text.text.npos;
    });
  };
  EXPECT_TRUE(says(some));
  EXPECT_FALSE(says(all));
}

TEST(Picture, ShowsTitleScoresAndRowNames) {
  const AttributionGraph graph = testing::synthetic_graph();
  const PictureOptions options{.scores = {.replacement = 0.5, .completeness = 0.25}};
  std::string all;
  for (const Text& text : lay_out(graph, prune(graph), options).texts) all += text.text + "\n";
  for (const char* part : {"the capital of the state", "replacement 0.500", "completeness 0.250",
                           "embedding\n", "output\n", "L0\n", "lowers it"}) {
    EXPECT_NE(all.find(part), std::string::npos) << part;
  }
}

TEST(Picture, CutsLabelsToTheLinesThatWereAskedFor) {
  const AttributionGraph graph = testing::synthetic_graph({.hostile_text = true});
  const PrunedGraph pruned = prune(graph, {1, 1});
  std::size_t longest = 0;
  for (const Box& box : lay_out(graph, pruned, {.label_lines = 2}).boxes) {
    if (box.kind == NodeKind::kFeature) longest = std::max(longest, box.label.size());
  }
  EXPECT_EQ(longest, 2u);
}

TEST(Picture, LaysOutSmallOddGraphs) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    const AttributionGraph graph = testing::random_graph({.seed = seed});
    const PrunedGraph pruned = prune(graph);
    EXPECT_EQ(lay_out(graph, pruned, {}).boxes.size(), pruned.kept_nodes()) << "seed " << seed;
  }
}

TEST(Picture, RefusesAGraphWithoutKeptNodes) {
  const AttributionGraph graph = testing::synthetic_graph();
  PrunedGraph pruned = prune(graph);
  pruned.node_mask.assign(pruned.node_mask.size(), 0);
  EXPECT_EQ(testing::message_of<std::invalid_argument>([&] { lay_out(graph, pruned, {}); }),
            "[lay_out] no node is kept, expected at least one");
}

}  // namespace
}  // namespace circuit
