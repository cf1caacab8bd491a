#include "export/names/slug.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

TEST(Slug, KeepsLettersDigitsAndJoinsTheRest) {
  EXPECT_EQ(slug("the capital of Texas, is"), "the-capital-of-Texas-is");
  EXPECT_EQ(slug("36 + 59 ="), "36-59");
  EXPECT_EQ(slug("../../etc/passwd"), "etc-passwd");
  EXPECT_EQ(slug("a_b.c-d"), "a_b.c-d");
}

TEST(Slug, IsNeverEmptyOrLong) {
  EXPECT_EQ(slug(""), "graph");
  EXPECT_EQ(slug("漢字"), "graph");
  EXPECT_EQ(slug("graph-metadata"), "graph");
  EXPECT_EQ(slug(std::string(200, 'x')).size(), 60u);
}

TEST(Slug, IsAlwaysAName) {
  for (const char* text :
       {"", ".", "..", " .x", "-", "a/b", "漢字", "\n", "graph-metadata", "-.a"}) {
    EXPECT_NO_THROW(check_name(slug(text))) << text;
  }
}

TEST(CheckName, RefusesWhatCannotBeAFileName) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a/b"), std::string("a b"),
        std::string(".hidden"), std::string("é"), std::string(61, 'x'),
        std::string("graph-metadata")}) {
    EXPECT_EQ(
        testing::message_of<std::invalid_argument>([&] { check_name(name); }),
        "[name] '" + name +
            "' cannot name output files: expected 1 to 60 of A-Z a-z 0-9 _ . -, no dot first, "
            "not graph-metadata");
  }
  EXPECT_NO_THROW(check_name("dallas-austin_2.b"));
}

}  // namespace
}  // namespace circuit
