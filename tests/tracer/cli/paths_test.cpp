// `circuit paths` on a graph of the demo, and what the options of pruning do to it.
#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/tracer/cli/demo_graph.h"
#include "tests/tracer/cli/program.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::read_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

class Paths : public DemoGraph {};

bool runs_through(const Json& path, const std::string& node) {
  const auto nodes = path["nodes"].get<std::vector<std::string>>();
  return std::ranges::count(nodes, node) == 1;
}

TEST_F(Paths, LeadFromTokensToTheFirstTargetStrongestFirst) {
  const Json paths = run("paths", {"--count", "12"})["paths"];
  ASSERT_EQ(paths.size(), 12U);
  double before = 1.0;
  for (const Json& path : paths) {
    EXPECT_THAT(path["nodes"].front().get<std::string>(), HasSubstr("E_"));
    EXPECT_EQ(path["nodes"].back(), paths[0]["nodes"].back());
    EXPECT_LE(path["share"].get<double>(), before);
    before = path["share"];
  }
}

TEST_F(Paths, GoWhereTheyAreSent) {
  const Json first = run("paths", {"--count", "2"})["paths"][1];
  const std::string through = first["nodes"][1];
  for (const Json& path : run("paths", {"--through", through})["paths"]) {
    EXPECT_TRUE(runs_through(path, through)) << path;
  }
  const std::string token = first["nodes"][0];
  const std::string position = token.substr(token.rfind('_') + 1);
  for (const Json& path : run("paths", {"--from", position})["paths"]) {
    EXPECT_EQ(path["nodes"][0], token);
  }
  for (const Json& path : run("paths", {"--to", through})["paths"]) {
    EXPECT_EQ(path["nodes"].back(), through);
  }
  const Json against = run("paths", {"--by", "weight", "--sign", "negative"})["paths"];
  EXPECT_GT(against.size(), 3U);
  for (const Json& path : against) EXPECT_LT(path["weight"].get<double>(), 0.0);
}

TEST_F(Paths, AreDrawnAlone) {
  const Json report = run("paths", {"--count", "1", "--format", "json"});
  const Json graph = Json::parse(read_text(out_ / "petit-paths.json"));
  const Json& nodes = report["paths"][0]["nodes"];
  EXPECT_EQ(graph["nodes"].size(), nodes.size());
  EXPECT_EQ(graph["links"].size(), nodes.size() - 1);
  EXPECT_THAT(report["files"], ElementsAre("./petit-paths.json"));
}

TEST_F(Paths, RefuseWhatIsNoNode) {
  fail(1, "paths", {"--to", "9_9_9"}, {"[paths]", "petit.graph.safetensors", "9_9_9 is no node"});
  fail(1, "paths", {"--through", "0_-1_3"}, {"0_-1_3 is no feature"});
  fail(1, "paths", {"--from", "6"}, {"--from 6, expected a position below 6"});
  fail(2, "paths", {"--to", "a"}, {"--to is 'a', expected a node such as 3_512_4"});
  fail(2, "paths", {"--by", "length"}, {"--by is 'length', expected one of share, weight"});
  fail(2, "paths", {"--from", "x"}, {"--from is 'x', expected a position from 0 on"});
  fail(2, "paths", {"--count", "-1"}, {"--count", "is -1, expected a whole number from 0"});
  fail(2, "prune", {"--max-nodes", "99999999999999999999"}, {"--max-nodes", "fits in 64 bits"});
  fail(2, "paths", {"--count", "0"}, {"--count is 0, expected 1 or more"});
}

TEST_F(Paths, OfAGraphPrunedToABudgetUseItsNodesOnly) {
  const Json pruned = run("prune", {"--max-nodes", "9", "--format", "json", "--name", "nine"});
  const Json graph = Json::parse(read_text(out_ / "nine.json"));
  std::size_t limited = 0;
  double most = 0.0;
  for (const Json& node : graph["nodes"]) {
    if (node["influence"].is_null()) continue;
    const std::string type = node["feature_type"];
    if (type == "embedding") continue;
    ++limited;
    most = std::max(most, node["influence"].get<double>());
  }
  EXPECT_LE(limited, 9U);
  EXPECT_GT(limited, 4U);
  // What viewers' sliders begin with hides none of them.
  EXPECT_GE(graph["metadata"]["node_threshold"].get<double>(), most);

  run("prune", {"--keep-errors", "--edges-per-target", "--name", "errors"});
  const ChildResult inspected =
      run_circuit({"inspect", out_ / "errors.graph.safetensors", "--json"});
  const Json stored = Json::parse(inspected.output)["graph"]["pruned"];
  EXPECT_EQ(stored["keep_errors"], true);
  EXPECT_EQ(stored["edges_per_target"], true);
  EXPECT_EQ(stored["max_nodes"], 0);
  EXPECT_GT(stored["nodes"].get<int>(), pruned["nodes"].get<int>());
}

}  // namespace
}  // namespace circuit::cli::testing
