#include "export/viewer/viewer_score_tables.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/export/viewer/viewer_attention_graph.h"
#include "tests/support/random_attention.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;
using testing::error_after;

TEST(ViewerScoreTables, SayAllOfATable) {
  std::string text;
  append_score_tables(testing::viewer_attention_graph().attention(), text);
  const Json tables = Json::parse(text);
  ASSERT_EQ(tables.size(), 3U);
  EXPECT_EQ(tables[0]["other_key"], 1);
  EXPECT_EQ(tables[1].dump(),
            R"({"head":"1.0","query":1,"key":0,"score":-0.5,"sum":-0.5,"absolute_sum":0,)"
            R"("soft_cap":0,"weight":0,"other_weight":0,"key_bias":0,"query_sources":0,)"
            R"("key_sources":0,"carried":0.25,"terms":[],"query_marginals":[],)"
            R"("key_marginals":[],"key_positions":[]})");
  EXPECT_EQ(tables[2]["terms"].dump(), R"([["0_2_1","E_0_0",1.5],[null,"0_-1_0",-1]])");
  EXPECT_EQ(tables[2]["query_marginals"].dump(), R"([["0_77_1",0.5],[null,0.25]])");
  EXPECT_EQ(tables[2]["key_positions"].dump(), "[2,0]");
}

TEST(ViewerScoreTables, AreMissingWhereNothingIsKnown) {
  const AttributionGraph graph = testing::small_graph();
  const Json json = Json::parse(viewer_json(graph, prune(graph)));
  EXPECT_FALSE(json["circuit"].contains("score_tables"));
  EXPECT_FALSE(json.contains("qk_only_nodes"));
  std::string text;
  append_score_tables({}, text);
  EXPECT_EQ(text, "[]");
}

std::string after(const std::function<void(Json&)>& spoil) {
  return error_after([&](Json& json) { spoil(json["circuit"]["score_tables"][2]); });
}

const std::string kPlace = "circuit.score_tables[2]";

TEST(ViewerScoreTables, NameWhatIsMissing) {
  EXPECT_EQ(after([](Json&) {}), "nothing was thrown");
  EXPECT_EQ(after([](Json& table) { table.erase("head"); }),
            kPlace + ".head: is missing, expected a head such as \"3.2\"");
  for (const char* key : {"query", "key"}) {
    EXPECT_EQ(after([&](Json& table) { table.erase(key); }),
              kPlace + "." + key + ": is missing, expected a whole number");
  }
  for (const char* key :
       {"score", "sum", "absolute_sum", "soft_cap", "weight", "other_weight", "key_bias"}) {
    EXPECT_EQ(after([&](Json& table) { table.erase(key); }),
              kPlace + "." + key + ": is missing, expected a number");
  }
  for (const char* key : {"query_sources", "key_sources"}) {
    EXPECT_EQ(after([&](Json& table) { table.erase(key); }),
              kPlace + "." + key + ": is missing, expected a count");
  }
  for (const char* key : {"terms", "query_marginals", "key_marginals", "key_positions"}) {
    EXPECT_EQ(after([&](Json& table) { table.erase(key); }),
              kPlace + "." + key + ": is missing, expected a list");
  }
  EXPECT_EQ(after([](Json& table) { table.erase("carried"); }),
            kPlace + ".carried: is missing, expected as in the tables before");
  EXPECT_EQ(error_after([](Json& json) { json["circuit"]["score_tables"][0].erase("carried"); }),
            "circuit.score_tables[1].carried: is there, expected as in the tables before");
}

TEST(ViewerScoreTables, NameWhatIsOfAnotherType) {
  EXPECT_EQ(error_after([](Json& json) { json["circuit"]["score_tables"] = "none"; }),
            "circuit.score_tables: is \"none\", expected a list");
  EXPECT_EQ(error_after([](Json& json) { json["circuit"]["score_tables"][0] = 3; }),
            "circuit.score_tables[0].head: is missing, expected a head such as \"3.2\"");
  EXPECT_EQ(after([](Json& table) { table["head"] = "1"; }),
            kPlace + ".head: is \"1\", expected a head such as \"3.2\"");
  EXPECT_EQ(after([](Json& table) { table["query"] = 1.5; }),
            kPlace + ".query: is 1.5, expected a whole number");
  EXPECT_EQ(after([](Json& table) { table["key"] = 4294967296; }),
            kPlace + ".key: is 4294967296, expected a number of 32 bits");
  EXPECT_EQ(after([](Json& table) { table["key_sources"] = -1; }),
            kPlace + ".key_sources: is -1, expected a count");
  EXPECT_EQ(after([](Json& table) { table["score"] = "2"; }),
            kPlace + ".score: is \"2\", expected a number");
  EXPECT_EQ(after([](Json& table) { table["carried"] = "2"; }),
            kPlace + ".carried: is \"2\", expected a number");
  EXPECT_EQ(after([](Json& table) { table["key_positions"][1] = "x"; }),
            kPlace + ".key_positions[1]: is \"x\", expected a number");
}

TEST(ViewerScoreTables, NameSourcesThatAreNone) {
  const std::string source = ", expected the id of a feature, an error or a token, or null";
  for (const char* id : {"0_2", "x", "0_2_*", "3_2147483648_0"}) {
    EXPECT_EQ(after([&](Json& table) { table["terms"][1][0] = id; }),
              kPlace + ".terms[1][0]: is \"" + id + "\"" + source);
  }
  EXPECT_EQ(after([](Json& table) { table["key_marginals"][0][0] = 3; }),
            kPlace + ".key_marginals[0][0]: is 3" + source);
  EXPECT_EQ(after([](Json& table) { table["terms"][0].erase(2); }),
            kPlace + ".terms[0]: has 2 entries, expected 3");
  EXPECT_EQ(after([](Json& table) { table["query_marginals"][0].push_back(2); }),
            kPlace + ".query_marginals[0]: has 3 entries, expected 2");
  EXPECT_EQ(after([](Json& table) { table["terms"][0][2] = nullptr; }),
            kPlace + ".terms[0][2]: is null, expected a number");
}

TEST(ViewerScoreTables, LeaveWhatTheGraphLacksToTheGraph) {
  EXPECT_EQ(after([](Json& table) { table["head"] = "2.0"; }),
            "[attention] the layer of a head is 2, expected 0 to 1");
  EXPECT_EQ(after([](Json& table) { table["other_key"] = 2; }),
            "[attention] the other key of a score is 2, expected 0 to 1");
  EXPECT_EQ(after([](Json& table) { table["terms"][0][0] = "0_2_2"; }),
            "[attention] a term's position is 2, expected 0 to 1");
  EXPECT_EQ(after([](Json& table) { table["key_positions"].push_back(0); }),
            "[attention] a score table has 3 sums by position, expected 2");
}

}  // namespace
}  // namespace circuit
