#include "export/viewer/viewer_heads.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/export/viewer/viewer_attention_graph.h"
#include "tests/support/random_attention.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;
using testing::error_after;
using testing::TempDir;

Json written() {
  const AttributionGraph graph = testing::viewer_attention_graph();
  return Json::parse(viewer_json(graph, testing::all_that_matters(graph)));
}

Json& link(Json& json, const std::string& source, const std::string& target) {
  return *std::ranges::find_if(json["links"], [&](const Json& candidate) {
    return candidate["source"] == source && candidate["target"] == target;
  });
}

TEST(ViewerHeads, StandInTheLinksThatTheyAreOf) {
  Json json = written();
  EXPECT_EQ(link(json, "0_1_0", "1_4_1")["heads"].dump(),
            R"([["1.4",12],["others",-1.5],["1.0",-0.5]])");
  EXPECT_EQ(link(json, "1_4_1", "3_7_1")["heads"].dump(), R"([["residual",10]])");
  EXPECT_FALSE(link(json, "0_2_1", "1_4_1").contains("heads"));
  const AttributionGraph without = testing::small_graph();
  EXPECT_EQ(viewer_json(without, prune(without)).find("heads"), std::string::npos);
}

EdgeHeads read_heads_of(const Json& json) {
  const TempDir folder;
  testing::write_text(folder / "g.json", json.dump());
  const ViewerFile file = read_viewer_json(folder / "g.json");
  EXPECT_TRUE(file.warnings.empty());
  return file.content.graph.attention().edge_heads;
}

TEST(ViewerHeads, ComeBackWhereverTheirLinksStand) {
  Json json = written();
  const EdgeHeads heads = read_heads_of(json);
  ASSERT_EQ(heads.edges.size(), 3U);
  std::ranges::reverse(json["links"]);
  EXPECT_TRUE(testing::same_heads(read_heads_of(json), heads));
}

TEST(ViewerHeads, GoWithTheirLinks) {
  Json json = written();
  Json& links = json["links"];
  links.erase(std::ranges::find_if(links, [](const Json& one) { return one.contains("heads"); }));
  EXPECT_EQ(read_heads_of(json).edges.size(), 2U);
}

TEST(ViewerHeads, AreOnlyReadOfOurOwnFiles) {
  EXPECT_EQ(error_after([](Json& json) {
              json.erase("circuit");
              link(json, "0_1_0", "1_4_1")["heads"] = "anything";
            }),
            "nothing was thrown");
}

std::string after(const char* heads) {
  return error_after([&](Json& json) { json["links"][0]["heads"] = Json::parse(heads); });
}

TEST(ViewerHeads, RefuseWhatTheyCannotBe) {
  const std::string first = "links[0].heads[0]";
  const std::string way = ", expected a head such as \"3.2\", \"residual\" or \"others\"";
  const std::string pair = " entries, expected a head and a weight";
  EXPECT_EQ(after("3"), "links[0].heads: is 3, expected a list");
  EXPECT_EQ(after("[3]"), first + ": is 3, expected a list");
  EXPECT_EQ(after(R"([["1.4"]])"), first + ": has 1" + pair);
  EXPECT_EQ(after(R"([["1.4",1,1]])"), first + ": has 3" + pair);
  EXPECT_EQ(after("[[4,1]]"), first + "[0]: is 4" + way);
  EXPECT_EQ(after(R"([["1.x",1]])"), first + "[0]: is \"1.x\"" + way);
  EXPECT_EQ(after(R"([["1.4","1"]])"), first + "[1]: is \"1\", expected a number");
  EXPECT_EQ(after(R"([["1.4",1e39]])"),
            first + "[1]: is 1e+39, expected a finite number of 32 bits");
  EXPECT_EQ(after(R"([["2.0",1]])"), "[attention] the layer of a head is 2, expected 0 to 1");
}

}  // namespace
}  // namespace circuit
