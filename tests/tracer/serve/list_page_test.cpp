#include "tracer/serve/list_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace circuit::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

FolderEntry entry(const std::string& name, const std::string& prompt) {
  return {.name = name,
          .endings = {".graph.safetensors", ".svg"},
          .source = name + ".graph.safetensors",
          .summary = GraphSummary{.prompt = prompt,
                                  .tokens = 3,
                                  .nodes = 12,
                                  .edges = 34,
                                  .scores = {.replacement = 0.12345, .completeness = {}}},
          .problem = ""};
}

TEST(ListPage, ShowsEachGraphWithItsFiles) {
  const std::string page = list_page({.entries = {entry("a b", "hello")}}, "graphs", "n1");
  EXPECT_THAT(page, HasSubstr("<a href=\"/graphs/a%20b\">hello</a>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"/files/a%20b.svg\">svg</a>"));
  EXPECT_THAT(page, HasSubstr("data-value=\"12\">12<"));
  EXPECT_THAT(page, HasSubstr("data-value=\"34\">34<"));
  EXPECT_THAT(page, HasSubstr("data-value=\"0.12345\">0.123<"));
}

TEST(ListPage, WritesTextsOfTheFolderAsTextOnly) {
  const std::string evil = "<script>alert(1)</script>\" onclick='x' \xff\n&amp;";
  FolderEntry bad = entry(evil, "");
  bad.summary.reset();
  bad.problem = evil;
  const std::string page =
      list_page({.entries = {entry(evil, evil), bad}}, "</title><script>", "n1");
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, Not(HasSubstr("onclick='")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;&quot; onclick="));
  std::size_t scripts = 0;
  for (std::size_t at = page.find("<script"); at != page.npos; at = page.find("<script", at + 1)) {
    ++scripts;
  }
  EXPECT_EQ(scripts, 1U);
}

TEST(ListPage, AsksForNothingElse) {
  const std::string page = list_page({.entries = {entry("a", "b")}}, "graphs", "n1");
  EXPECT_THAT(page, Not(HasSubstr("http:")));
  EXPECT_THAT(page, Not(HasSubstr("https:")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  const std::string policy = list_page_policy("n1");
  EXPECT_TRUE(policy.starts_with("default-src 'none'; "));
  EXPECT_THAT(policy, HasSubstr("script-src 'nonce-n1'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(page, HasSubstr("<script nonce=\"n1\">"));
  EXPECT_THAT(page, HasSubstr("<style nonce=\"n1\">"));
}

TEST(ListPage, SaysWhenThereIsNothingOrMore) {
  EXPECT_THAT(list_page({}, "graphs", "n1"), HasSubstr("No graphs yet"));
  EXPECT_THAT(list_page({.entries = {}, .left_out = 7}, "graphs", "n1"),
              HasSubstr("7 more are left out"));
}

TEST(PercentEncoded, LeavesOnlyWhatMeansNothing) {
  EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encoded("a/?#%\"'<\xc3\xa4"), "a%2F%3F%23%25%22%27%3C%C3%A4");
}

}  // namespace
}  // namespace circuit::serve
