#include "export/viewer/view_address.h"

#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;
using ::testing::StartsWith;

TEST(ViewAddress, ReadsNeuronpediasForm) {
  const ViewState state = parse_view_address(
      "https://www.neuronpedia.org/gemma-2-2b/graph?slug=gemma-fact-dallas-austin&clickedId="
      "21_10062_10&pinnedIds=27_22605_10%2C20_15589_10%2CE_26865_9"
      "&supernodes=%5B%5B%22capital%22%2C%2215_4494_4%22%2C%226_4662_4%22%5D%2C%5B%22Texas+%26+"
      "Co%22%2C%2220_15589_10%22%5D%5D&clerps=%5B%5B%2220_15589_10%22%2C%22100%25%20Texas%22%5D%5D"
      "&pruningThreshold=0.6#here?no=1");
  EXPECT_THAT(state.pinned_ids, ElementsAre("27_22605_10", "20_15589_10", "E_26865_9"));
  EXPECT_THAT(state.supernodes,
              ElementsAre(ViewState::Supernode{"capital", {"15_4494_4", "6_4662_4"}},
                          ViewState::Supernode{"Texas & Co", {"20_15589_10"}}));
  EXPECT_THAT(state.clerps,
              ElementsAre(std::pair<std::string, std::string>("20_15589_10", "100% Texas")));
}

TEST(ViewAddress, ReadsParametersThatNobodyEncoded) {
  const ViewState state = parse_view_address(
      R"(index.html?slug=a&supernodes=[["x% y","1_2_3"]]&pinnedIds=1_2_3,4_5_6&clerps=)");
  EXPECT_THAT(state.pinned_ids, ElementsAre("1_2_3", "4_5_6"));
  EXPECT_THAT(state.supernodes, ElementsAre(ViewState::Supernode{"x% y", {"1_2_3"}}));
  EXPECT_TRUE(state.clerps.empty());
}

TEST(ViewAddress, TakesTheLastOfSeveralAndNothingForNone) {
  EXPECT_THAT(parse_view_address("?pinnedIds=1_2_3&pinnedIds=4_5_6").pinned_ids,
              ElementsAre("4_5_6"));
  EXPECT_EQ(parse_view_address("x?"), ViewState());
  EXPECT_EQ(parse_view_address("x?slug=a&&=&pinnedIds"), ViewState());
}

TEST(ViewAddress, RefusesWhatIsNoState) {
  const auto message = [](const char* address) {
    return message_of<std::runtime_error>([&] { parse_view_address(address); });
  };
  EXPECT_EQ(message("https://x.org/graph"),
            "[view_address] 'https://x.org/graph' has no parameters, expected "
            "…?pinnedIds=…&supernodes=…");
  for (const char* address :
       {"?supernodes=%5B", "?supernodes=7", "?supernodes=[[]]", "?supernodes=[[1]]", "?clerps={}",
        "?clerps=[[\"a\"]]", "?supernodes=%FF"}) {
    EXPECT_THAT(message(address), StartsWith("[view_address] ")) << address;
  }
}

TEST(ViewAddress, WritesOneThatBrowsersTake) {
  const ViewState state{.pinned_ids = {"1_2_3", "E_4_5"},
                        .supernodes = {{"a&b=c #d%", {"1_2_3"}}},
                        .clerps = {{"1_2_3", "größer\n\"x\""}}};
  const std::string address = view_address(state, kViewerPage, "my-graph");
  EXPECT_THAT(address, StartsWith("https://www.neuronpedia.org/MODEL/graph?slug=my-graph&pinnedIds="
                                  "1_2_3%2CE_4_5&supernodes=%5B%5B%22a%26b%3Dc%20%23d%25%22"));
  EXPECT_EQ(address.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                      "0123456789-_.~:/?&=%"),
            std::string::npos);
  EXPECT_EQ(parse_view_address(address), state);
  EXPECT_EQ(view_address({}, "http://localhost:8032/index.html?x=1", "a b"),
            "http://localhost:8032/index.html?x=1&slug=a%20b");
}

TEST(ViewAddress, RefusesTextThatAnAddressCannotHold) {
  const auto message = [](const ViewState& state) {
    return message_of<std::invalid_argument>([&] { view_address(state, kViewerPage, "a"); });
  };
  EXPECT_THAT(message({.pinned_ids = {"1,2"}}), HasSubstr("pin '1,2', expected a node id"));
  EXPECT_THAT(message({.supernodes = {{"\xFF", {}}}}), HasSubstr("'\\xFF' is not UTF-8"));
  EXPECT_THAT(message({.clerps = {{"1_2_3", "\xC3"}}}), HasSubstr("is not UTF-8"));
}

/// Valid UTF-8 of characters that addresses, JSON and percent-encoding treat in their own ways.
rc::Gen<std::string> any_label() {
  static const std::vector<std::string> kPieces = {
      "&",  "%",  "%41", "%zz", "+", " ", "=", "#", "?", "/",  "\"", "\\",   "[",       "]",    ",",
      "\n", "\t", "<",   ">",   "'", "a", "Z", "0", "é", "縮", "😀",  "\x01", "\\u0041", "&amp;"};
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces)),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const std::string& piece : pieces) text += piece;
                        return text;
                      });
}

RC_GTEST_PROP(ViewAddress, ReadsBackAnyState, ()) {
  const auto id = rc::gen::map(rc::gen::inRange(0, 99999), [](int number) {
    return std::to_string(number % 30) + "_" + std::to_string(number) + "_" +
           std::to_string(number % 7);
  });
  const auto ids = rc::gen::container<std::vector<std::string>>(id);
  ViewState state;
  state.pinned_ids = *ids;
  const auto n_groups = *rc::gen::inRange(0, 4);
  for (int i = 0; i < n_groups; ++i) state.supernodes.push_back({*any_label(), *ids});
  const auto n_clerps = *rc::gen::inRange(0, 4);
  for (int i = 0; i < n_clerps; ++i) state.clerps.emplace_back(*id, *any_label());
  RC_ASSERT(parse_view_address(view_address(state, kViewerPage, *any_label())) == state);
}

}  // namespace
}  // namespace circuit
