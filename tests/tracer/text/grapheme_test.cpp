#include "tracer/text/grapheme.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace circuit {
namespace {

std::vector<std::string> clusters(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = next_cluster(text, begin);
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  return parts;
}

using Parts = std::vector<std::string>;

// The rules of UAX 29 that join characters, one by one.
TEST(Grapheme, JoinsWhatIsSeenAsOne) {
  EXPECT_EQ(clusters("ab"), (Parts{"a", "b"}));
  EXPECT_EQ(clusters("\r\n\n\r"), (Parts{"\r\n", "\n", "\r"}));
  EXPECT_EQ(clusters("e\u0301\u0302a"), (Parts{"e\u0301\u0302", "a"}));
  EXPECT_EQ(clusters("\n\u0301"), (Parts{"\n", "\u0301"}));
  EXPECT_EQ(clusters("\u0915\u093F"), (Parts{"\u0915\u093F"}));  // a spacing mark
  EXPECT_EQ(clusters("\u0600a"), (Parts{"\u0600a"}));            // a prepended mark
  EXPECT_EQ(clusters("\u1112\u1161\u11AB\u1112"), (Parts{"\u1112\u1161\u11AB", "\u1112"}));
  EXPECT_EQ(clusters("\uD55C\u11AB\uAC00"), (Parts{"\uD55C\u11AB", "\uAC00"}));
}

TEST(Grapheme, JoinsEmoji) {
  const std::string family = "\U0001F468\u200D\U0001F469";
  EXPECT_EQ(clusters(family + family), (Parts{family, family}));
  EXPECT_EQ(clusters("a\u200D\U0001F469"), (Parts{"a\u200D", "\U0001F469"}));
  const std::string modified = "\U0001F468\U0001F3FD\u200D\U0001F469";
  EXPECT_EQ(clusters(modified), (Parts{modified}));
  const std::string flag = "\U0001F1EB\U0001F1F7";
  EXPECT_EQ(clusters(flag + flag + "\U0001F1EB"), (Parts{flag, flag, "\U0001F1EB"}));
}

}  // namespace
}  // namespace circuit
