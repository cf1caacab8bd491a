// `circuit group` on a graph of the demo.
#include <fstream>
#include <set>
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

class Group : public DemoGraph {
 protected:
  Json run(const std::vector<std::string>& arguments) { return DemoGraph::run("group", arguments); }
  void fail(const std::vector<std::string>& arguments, const std::vector<std::string>& texts) {
    DemoGraph::fail(1, "group", arguments, texts);
  }
  Json read_json(const std::string& name) { return Json::parse(read_text(out_ / name)); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(out_ / name, std::ios::binary) << text;
  }
  /// The viewer file's feature ids.
  static std::vector<std::string> features() {
    std::vector<std::string> ids;
    const Json traced = viewer_json();
    for (const Json& node : traced["nodes"]) {
      if (node["feature_type"] == "cross layer transcoder") ids.push_back(node["node_id"]);
    }
    return ids;
  }
};

TEST_F(Group, PutsEveryFeatureOfALayerTogether) {
  const Json report = run({"--by", "layer", "--min-members", "1"});
  std::multiset<std::string> grouped;
  for (const Json& group : report["groups"]) {
    for (const std::string id : group["nodes"]) {
      grouped.insert(id);
      EXPECT_EQ("L" + id.substr(0, id.find('_')), group["name"]);
    }
  }
  const std::vector<std::string> all = features();
  EXPECT_EQ(grouped, std::multiset<std::string>(all.begin(), all.end()));
  EXPECT_EQ(report["files"], Json({"./petit-grouped.supernodes.json"}));
  // All kept features are in groups, so both scores are of the same mask up to kept errors.
  EXPECT_EQ(report["groups_alone"], report["pruned"]);
}

TEST_F(Group, ReadsBackWhatItWrote) {
  for (const std::string by :
       {"layer", "position", "feature", "neighbours", "layer,position", "similarity"}) {
    const Json first = run({"--by", by, "--name", "first"});
    EXPECT_GT(first["groups"].size(), 0u) << by;
    const Json second = run({"--supernodes", "first.supernodes.json", "--name", "second"});
    EXPECT_EQ(first["groups"], second["groups"]) << by;
    EXPECT_EQ(read_text(out_ / "first.supernodes.json"),
              read_text(out_ / "second.supernodes.json"));
  }
}

TEST_F(Group, TakesGroupsByHandWithStarsAndSaysWhichAreAbsent) {
  const std::string hash = Json::parse(
      run_circuit({"inspect", graph(), "--json"}).output)["graph"]["transcoders"]["hash"];
  const std::string first = features().front();
  const Json file = {{"version", 1},
                     {"transcoders", hash},
                     {"supernodes",
                      {{{"name", "one"}, {"nodes", {first.substr(0, first.rfind('_')) + "_*"}}},
                       {{"name", "tokens"}, {"nodes", {"E_2778_4", "E_663_5"}}},
                       {{"name", "elsewhere"}, {"nodes", {"0_767_*"}}}}}};
  write("mine.json", file.dump());
  const Json report = run({"--supernodes", "mine.json", "--format", "json,graphml,svg"});
  EXPECT_EQ(report["absent"], Json({"elsewhere"}));
  std::set<std::string> names;
  for (const Json& group : report["groups"]) names.insert(group["name"]);
  EXPECT_EQ(names, (std::set<std::string>{"one", "tokens"}));
  const Json viewer = read_json("petit-grouped.json");
  EXPECT_EQ(viewer["qParams"]["supernodes"][1], Json({"tokens", "E_2778_4", "E_663_5"}));
  EXPECT_THAT(viewer["qParams"]["pinnedIds"], ::testing::Contains("E_2778_4"));
  EXPECT_THAT(read_text(out_ / "petit-grouped.graphml"),
              HasSubstr("<data key=\"supernode\">tokens</data>"));
}

TEST_F(Group, RefusesFilesOfOtherTranscoders) {
  write("other.json",
        R"({"version":1,"transcoders":"abc","supernodes":[{"name":"a","nodes":["E_2778_4"]}]})");
  fail({"--supernodes", "other.json"},
       {"[group] other.json: made with transcoders of hash 'abc'", "--force takes it anyway"});
  EXPECT_EQ(run({"--supernodes", "other.json", "--force"})["groups"].size(), 1u);
}

TEST_F(Group, NamesTheNodeThatIsNotThere) {
  write("wrong.json",
        R"({"version":1,"transcoders":"","supernodes":[{"name":"a","nodes":["0_767_1"]}]})");
  fail({"--supernodes", "wrong.json", "--force"},
       {"[supernodes] group 'a': node 0_767_1 is not in the graph"});
  fail({"--supernodes", "nowhere.json"}, {"[read_supernodes] nowhere.json: cannot be read"});
}

TEST_F(Group, NeedsTheSimilarityThatItGroupsBy) {
  const ChildResult traced =
      run_circuit({"trace", "--prompt", "36 + 59 =", "--name", "sum", "--out", out_.path(),
                   "--format", "json", "--save-graph"});
  ASSERT_EQ(traced.exit_code, 0) << traced.errors;
  expect_failure(run_circuit({"group", out_ / "sum.graph.safetensors", "--by", "similarity"}), 1,
                 {"[find_groups] the graph holds no similarities", "`trace --similarity`"});
}

TEST_F(Group, ShowsATable) {
  const ChildResult result =
      run_circuit({"group", graph(), "--by", "position", "--out", out_.path()});
  EXPECT_EQ(result.exit_code, 0) << result.errors;
  EXPECT_THAT(result.output, HasSubstr("name         nodes  influence  strongest in"));
  EXPECT_THAT(result.output, HasSubstr("at 5 \" est\""));
}

TEST_F(Group, GoesToAnAddressAndBack) {
  run({"--by", "layer", "--name", "first"});
  const ChildResult address =
      run_circuit({"export", graph(), "--to-url", "--supernodes", "first.supernodes.json"},
                  {.directory = out_.path()});
  ASSERT_EQ(address.exit_code, 0) << address.errors;
  EXPECT_THAT(address.output, ::testing::StartsWith("https://www.neuronpedia.org/"));
  EXPECT_THAT(address.output, HasSubstr("/graph?slug=petit&pinnedIds="));
  const std::string url = address.output.substr(0, address.output.size() - 1);
  run({"--from-url", url, "--name", "second", "--format", "json"});
  EXPECT_EQ(read_text(out_ / "first.supernodes.json"), read_text(out_ / "second.supernodes.json"));
  // The viewer's file of it says the same, by jsNodeId too.
  run({"--from-url", out_ / "second.json", "--name", "third"});
  EXPECT_EQ(read_text(out_ / "first.supernodes.json"), read_text(out_ / "third.supernodes.json"));
  const std::string id = features().front();
  const std::size_t last = id.rfind('_');
  run({"--from-url",
       "?supernodes=[[\"a %26 b\",\"" + id.substr(0, last) + "-" + id.substr(last + 1) +
           "\",\"L_845-5\"]]",
       "--name", "fourth"});
  EXPECT_EQ(read_json("fourth.supernodes.json")["supernodes"],
            Json::parse(R"([{"name":"a & b","nodes":[")" + id + R"(","7_845_5"]}])"));
}

TEST_F(Group, IsExportedAsItIsDrawn) {
  run({"--by", "neighbours", "--name", "drawn", "--format", "svg,dot"});
  const ChildResult exported =
      run_circuit({"export", graph(), "--supernodes", "drawn.supernodes.json", "--format",
                   "svg,dot", "--name", "exported"},
                  {.directory = out_.path()});
  ASSERT_EQ(exported.exit_code, 0) << exported.errors;
  EXPECT_EQ(read_text(out_ / "exported.svg"), read_text(out_ / "drawn.svg"));
  EXPECT_THAT(read_text(out_ / "exported.dot"), HasSubstr("class=supernode"));
}

TEST_F(Group, StaysInAViewersFile) {
  run({"--by", "layer", "--name", "gs", "--format", "json,svg,dot"});
  ChildResult exported = run_circuit(
      {"export", "gs.json", "--format", "svg,dot", "--name", "again"}, {.directory = out_.path()});
  ASSERT_EQ(exported.exit_code, 0) << exported.errors;
  const auto boxes = [&](const std::string& name, const std::string& text) {
    std::size_t count = 0;
    const std::string picture = read_text(out_ / name);
    for (std::size_t at = picture.find(text); at != std::string::npos;
         at = picture.find(text, at + 1)) {
      ++count;
    }
    return count;
  };
  const std::size_t groups = read_json("gs.json")["qParams"]["supernodes"].size();
  ASSERT_GT(groups, 1u);
  for (const std::string name : {"gs", "again"}) {
    EXPECT_EQ(boxes(name + ".svg", "class=\"node supernode\""), groups) << name;
    EXPECT_EQ(boxes(name + ".dot", "class=supernode"), groups) << name;
  }
  exported = run_circuit({"export", "gs.json", "--node-threshold", "0.5", "--name", "few"},
                         {.directory = out_.path()});
  ASSERT_EQ(exported.exit_code, 0) << exported.errors;
  const Json few = read_json("few.json");
  const ChildResult address = run_circuit(
      {"export", "gs.json", "--node-threshold", "0.5", "--to-url"}, {.directory = out_.path()});
  EXPECT_EQ(address.exit_code, 0) << address.errors;
  std::set<std::string> kept;
  for (const Json& node : few["nodes"]) kept.insert(node["node_id"]);
  EXPECT_LT(kept.size(), read_json("gs.json")["nodes"].size());
  ASSERT_GT(few["qParams"]["pinnedIds"].size(), 0u);
  for (const std::string id : few["qParams"]["pinnedIds"]) EXPECT_TRUE(kept.contains(id)) << id;
  for (const Json& group : few["qParams"]["supernodes"]) {
    EXPECT_GT(group.size(), 1u);
    for (std::size_t i = 1; i < group.size(); ++i) EXPECT_TRUE(kept.contains(group[i])) << group;
  }
}

TEST_F(Group, TakesLabelsOfAnAddress) {
  const std::string id = features().front();
  const std::size_t last = id.rfind('_');
  const std::string of_viewers = id.substr(0, last) + "-" + id.substr(last + 1);
  run({"--from-url",
       "?pinnedIds=" + of_viewers + "&supernodes=[[\"g\",\"E_2778_4\"]]&clerps=[[\"" + of_viewers +
           "\",\"zzlabel\"]]",
       "--name", "named", "--format", "json,svg,dot,graphml,html"});
  for (const char* ending : {".svg", ".dot", ".graphml", ".html"}) {
    EXPECT_THAT(read_text(out_ / (std::string("named") + ending)), HasSubstr("zzlabel")) << ending;
  }
  const Json named = read_json("named.json");
  EXPECT_THAT(named["qParams"]["pinnedIds"], ::testing::Contains(id));
  for (const Json& node : named["nodes"]) {
    const bool same_feature =
        node["node_id"].get<std::string>().starts_with(id.substr(0, last + 1));
    EXPECT_EQ(node["clerp"] == "zzlabel", same_feature) << node;
  }
}

TEST_F(Group, ReadsFilesOfOtherViewers) {
  const std::filesystem::path viewers = std::filesystem::path(CIRCUIT_GOLDEN_DIR) / "viewers";
  for (const std::string name : {"circuit-tracer", "neuronpedia", "old-gemma", "eleuther"}) {
    Json json = Json::parse(read_text(viewers / (name + ".json")));
    Json group = {"greeting"};
    for (const Json& node : json["nodes"]) {
      if (group.size() < 6 && node["feature_type"] != "bias") group.push_back(node["node_id"]);
    }
    json["qParams"]["supernodes"] = {group};
    write(name + ".json", json.dump());
    const ChildResult grouped = run_circuit({"group", name + ".json", "--from-url", name + ".json"},
                                            {.directory = out_.path()});
    EXPECT_EQ(grouped.exit_code, 0) << name << grouped.errors;
    const Json file = read_json(name + "-grouped.supernodes.json");
    EXPECT_EQ(file["supernodes"][0]["nodes"].size(), group.size() - 1) << name;
    const ChildResult address =
        run_circuit({"export", name + ".json", "--to-url"}, {.directory = out_.path()});
    EXPECT_EQ(address.exit_code, 0) << name << address.errors;
    EXPECT_THAT(address.output, HasSubstr("greeting")) << name;
  }
}

TEST_F(Group, RefusesAddressesThatSayNothing) {
  fail({"--from-url", "nowhere.json"}, {"[view_address] 'nowhere.json' has no parameters"});
  fail({"--from-url", "?supernodes=[[\"a\",\"0_767_1\"]]"},
       {"[supernodes] group 'a': node 0_767_1 is not in the graph"});
}

TEST_F(Group, GivesTheSameFileAgain) {
  run({"--by", "neighbours", "--name", "a"});
  run({"--by", "neighbours", "--name", "b"});
  EXPECT_EQ(read_text(out_ / "a.supernodes.json"), read_text(out_ / "b.supernodes.json"));
}

}  // namespace
}  // namespace circuit::cli::testing
