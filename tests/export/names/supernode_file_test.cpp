#include "export/names/supernode_file.h"

#include <cstdint>
#include <fstream>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/small_graph.h"
#include "tests/support/synthetic_graph.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;
using ::testing::StartsWith;
using testing::TempDir;

SupernodeFile read_text_file(const std::string& text) {
  const TempDir folder;
  std::ofstream(folder / "groups.json", std::ios::binary) << text;
  return read_supernode_file(folder / "groups.json");
}

std::string failure_of(const std::string& text) {
  return message_of<std::runtime_error>([&] { read_text_file(text); });
}

TEST(SupernodeFile, ReadsTheFormatOfTheDocs) {
  const SupernodeFile file = read_text_file(
      R"({"version":1,"transcoders":"9f","supernodes":[{"name":"Texas","nodes":["20_15589_10","14_2268_*"]}]})");
  EXPECT_EQ(file.transcoders_hash, "9f");
  EXPECT_THAT(file.supernodes,
              ElementsAre(ViewState::Supernode{"Texas", {"20_15589_10", "14_2268_*"}}));
}

TEST(SupernodeFile, ReadsWhatItWrites) {
  SupernodeFile file{.transcoders_hash = "0123456789abcdef"};
  for (const std::string& text : testing::hostile_texts()) {
    if (!text.empty()) file.supernodes.push_back({text, {"1_2_3", "E_4_*", "0_-1_2"}});
  }
  file.supernodes.push_back({"nothing", {}});
  EXPECT_EQ(read_text_file(supernode_file_text(file)), file);
  EXPECT_EQ(read_text_file(supernode_file_text({.transcoders_hash = "a"})).supernodes.size(), 0u);
}

TEST(SupernodeFile, SaysWhatIsWrong) {
  EXPECT_THAT(failure_of("{"), HasSubstr("groups.json: is no JSON: "));
  EXPECT_THAT(failure_of("[]"), HasSubstr("is no JSON object, expected {\"version\": 1"));
  EXPECT_THAT(failure_of("{}"), HasSubstr("has no \"version\": 1"));
  EXPECT_THAT(failure_of(R"({"version":2})"), HasSubstr("has no \"version\": 1"));
  EXPECT_THAT(failure_of(R"({"version":1})"), HasSubstr("\"transcoders\" is no text"));
  EXPECT_THAT(failure_of(R"({"version":1,"transcoders":"a"})"),
              HasSubstr("\"supernodes\" is no list"));
  const auto group = [](const std::string& text) {
    return failure_of(R"({"version":1,"transcoders":"a","supernodes":[)" + text + "]}");
  };
  EXPECT_THAT(group("7"), HasSubstr("group 1 is no object"));
  EXPECT_THAT(group("{}"), HasSubstr("group 1's \"name\" is no text"));
  EXPECT_THAT(group(R"({"name":""})"), HasSubstr("group 1 has no name"));
  EXPECT_THAT(group(R"({"name":"x"})"), HasSubstr("group 1's \"nodes\" is no list"));
  EXPECT_THAT(group(R"({"name":"x","nodes":[5]})"), HasSubstr("a node of 'x' is no text"));
  EXPECT_THAT(group(R"({"name":"x","nodes":["5_5"]})"), HasSubstr("'5_5' is no node"));
  EXPECT_THAT(group(R"({"name":"x","nodes":[]},{"name":"x","nodes":[]})"),
              HasSubstr("'x' comes twice"));
  EXPECT_THAT(message_of<std::runtime_error>([] { read_supernode_file("/nowhere/groups.json"); }),
              StartsWith("[read_supernodes] /nowhere/groups.json: cannot be read"));
}

TEST(SupernodeFile, RefusesToWriteBrokenText) {
  const SupernodeFile file{.transcoders_hash = "a", .supernodes = {{"\xFF", {}}}};
  EXPECT_EQ(message_of<std::invalid_argument>([&] { supernode_file_text(file); }),
            "[supernodes] '\\xFF' is not UTF-8");
}

TEST(FindSupernodes, FindsMembersAndGroupsWithoutAny) {
  const AttributionGraph graph = testing::small_graph();
  std::vector<std::uint8_t> mask(graph.n_nodes(), 1);
  mask[8] = 0;
  const std::vector<ViewState::Supernode> groups = {
      {"errors", {"1_-1_*"}}, {"low", {"0_2_1", "0_1_*", "0_1_0"}}, {"far", {"1_99_*"}}};
  const FoundSupernodes found = find_supernodes(graph, mask, groups);
  EXPECT_THAT(found.supernodes, ElementsAre(Supernode{"errors", {7}}, Supernode{"low", {0, 1}}));
  EXPECT_THAT(found.absent, ElementsAre("far"));
}

TEST(FindSupernodes, NamesTheNodeThatIsWrong) {
  const AttributionGraph graph = testing::small_graph();
  std::vector<std::uint8_t> mask(graph.n_nodes(), 1);
  mask[0] = 0;
  const auto failure = [&](std::vector<ViewState::Supernode> groups) {
    return message_of<std::runtime_error>([&] { find_supernodes(graph, mask, groups); });
  };
  EXPECT_EQ(failure({{"a", {"1_99_1"}}}),
            "[supernodes] group 'a': node 1_99_1 is not in the graph");
  EXPECT_THAT(failure({{"a", {"0_1_0"}}}),
              StartsWith("[supernodes] group 'a': node 0_1_0 is not kept by the pruning"));
  EXPECT_THAT(failure({{"a", {"x"}}}), StartsWith("[supernodes] group 'a': node x is no id"));
  EXPECT_EQ(failure({{"a", {"0_2_1"}}, {"b", {"0_2_*"}}}),
            "[supernodes] group 'b': node 0_2_1 is in group 'a' too, expected it in one");
}

TEST(NameMembers, IsTheReverse) {
  const AttributionGraph graph = testing::small_graph();
  const std::vector<Supernode> groups = {{"a", {0, 6, 9}}, {"b", {3, 11}}};
  const auto named = name_members(graph, groups);
  EXPECT_THAT(named[0].node_ids, ElementsAre("0_1_0", "0_-1_1", "E_0_0"));
  const std::vector<std::uint8_t> all(graph.n_nodes(), 1);
  EXPECT_EQ(find_supernodes(graph, all, named).supernodes, groups);
}

}  // namespace
}  // namespace circuit
