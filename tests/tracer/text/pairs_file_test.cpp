#include "tracer/text/pairs_file.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::testing::HasSubstr;
using testing::message_of;
using testing::TempDir;
using testing::write_text;

std::string failure_of(const std::string& text) {
  const TempDir folder;
  write_text(folder / "p.jsonl", text);
  return message_of<std::runtime_error>([&] { read_pairs_file(folder / "p.jsonl"); });
}

TEST(PairsFile, NamesTwoPromptsALine) {
  const TempDir folder;
  write_text(folder / "p.jsonl",
             "{\"id\": \"a\", \"from\": \"x\", \"to\": 7, \"split\": \"dev\"}\n\n"
             "{\"from\": \"x\", \"to\": \"y\", \"note\": [1]}");
  const std::vector<PairEntry> pairs = read_pairs_file(folder / "p.jsonl");
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[0].id, "a");
  EXPECT_EQ(pairs[0].from, "x");
  EXPECT_EQ(pairs[0].to, "7");
  EXPECT_EQ(pairs[0].split, "dev");
  EXPECT_EQ(pairs[1].id, "3");
  EXPECT_EQ(pairs[1].line, 3u);
  EXPECT_EQ(pairs[1].split, "");
}

TEST(PairsFile, SaysWhichLineIsWrong) {
  EXPECT_THAT(failure_of("{\"from\": \"x\"}"), HasSubstr("p.jsonl:1: has no to, expected the ids"));
  EXPECT_THAT(failure_of("\n{\"from\": [], \"to\": \"y\"}"),
              HasSubstr(":2: from is a list, expected a string"));
  EXPECT_THAT(failure_of("{\"from\": \"x\", \"to\": \"x\"}"), HasSubstr("the same prompt"));
  EXPECT_THAT(failure_of("[1]"), HasSubstr(":1: is a list, expected an object"));
  EXPECT_THAT(failure_of("{"), HasSubstr(":1: is no JSON"));
  EXPECT_THAT(failure_of("{\"id\":1,\"from\":\"x\",\"to\":\"y\"}\n{\"id\":\"1\",\"from\":\"x\","
                         "\"to\":\"z\"}"),
              HasSubstr(":2: id \"1\" is that of line 1 too"));
  EXPECT_THAT(failure_of("\n"), HasSubstr("holds no pair"));
  EXPECT_THAT(message_of<std::runtime_error>([] { read_pairs_file("/nowhere/p.jsonl"); }),
              HasSubstr("[read_pairs] /nowhere/p.jsonl: cannot be read"));
}

}  // namespace
}  // namespace circuit
