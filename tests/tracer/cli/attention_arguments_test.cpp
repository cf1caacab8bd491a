#include "tracer/cli/attention_arguments.h"

#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit::cli {
namespace {

using circuit::testing::message_of;
using ::testing::HasSubstr;

std::string refusal(const std::string& edge) {
  return message_of<std::invalid_argument>([&] { parse_edge(edge); });
}

TEST(AttentionArguments, ReadEdges) {
  for (const char* text : {"E_2_4→3_512_5", "E_2_4->3_512_5", " E_2_4 → 3_512_5 "}) {
    const EdgeIds edge = parse_edge(text);
    EXPECT_EQ(edge.source, (NodeId{.layer = std::nullopt, .number = 2, .position = 4}));
    EXPECT_EQ(edge.target, (NodeId{.layer = 3, .number = 512, .position = 5}));
  }
  EXPECT_EQ(parse_edge("3_-1_4->5_1_4").source.number, -1);
}

TEST(AttentionArguments, RefuseWhatIsNoEdge) {
  EXPECT_EQ(refusal("3_1_2"), "--edge is '3_1_2', expected SOURCE→TARGET such as 3_512_4→5_77_4");
  for (const char* text : {"→", "3_1_2→", "→3_1_2", "3_1_*→4_1_2", "3_1_2→4_1", "a->b"}) {
    EXPECT_THAT(refusal(text), HasSubstr("expected two nodes such as 3_512_4→5_77_4")) << text;
  }
}

TEST(AttentionArguments, RefuseEndsWithoutAnEdge) {
  EXPECT_THAT(refusal("3_1_2→E_7_2"), HasSubstr("nothing flows into tokens and errors"));
  EXPECT_THAT(refusal("3_1_2→4_-1_2"), HasSubstr("nothing flows into tokens and errors"));
  EXPECT_THAT(refusal("3_1_2→3_2_2"), HasSubstr("a target in a layer above that of its source"));
  EXPECT_THAT(refusal("4_-1_2→3_2_2"), HasSubstr("a target in a layer above that of its source"));
  EXPECT_THAT(refusal("3_1_2→4_2_1"), HasSubstr("a target at the position of its source or a"));
}

TEST(AttentionArguments, ReadHeads) {
  EXPECT_EQ(parse_head("3.12"), (Head{.layer = 3, .head = 12}));
  for (const char* text :
       {"", "3", "3.", ".2", "-1.2", "3.-1", "3.2.1", "3,2", "a.b", "99999999999.1"}) {
    EXPECT_EQ(message_of<std::invalid_argument>([&] { parse_head(text); }),
              "--head is '" + std::string(text) +
                  "', expected LAYER.HEAD such as 3.2, both counted from 0");
  }
}

TEST(AttentionArguments, ReadPositions) {
  EXPECT_EQ(parse_position("--key", "4"), 4);
  EXPECT_EQ(parse_position("--key", "-1"), -1);
  for (const char* text : {"", "x", "1.5", "4..5", "*", "99999999999"}) {
    EXPECT_EQ(
        message_of<std::invalid_argument>([&] { parse_position("--key", text); }),
        "--key is '" + std::string(text) + "', expected a position such as 4, or -1 for the last");
  }
}

TEST(AttentionArguments, CountNegativePositionsFromTheEnd) {
  EXPECT_EQ(resolve_position("--key", 5, 6), 5);
  EXPECT_EQ(resolve_position("--key", -1, 6), 5);
  EXPECT_EQ(resolve_position("--key", -6, 6), 0);
  for (const std::int32_t position : {6, -7}) {
    EXPECT_EQ(
        message_of<std::runtime_error>([&] { resolve_position("--key", position, 6); }),
        "[attention] --key is " + std::to_string(position) + ", expected -6 to 5 in this prompt");
  }
}

}  // namespace
}  // namespace circuit::cli
