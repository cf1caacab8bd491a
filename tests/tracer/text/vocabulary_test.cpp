#include "tracer/text/vocabulary.h"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

TEST(Vocabulary, FindsWhatWasAdded) {
  Vocabulary vocabulary;
  EXPECT_EQ(vocabulary.find("a"), -1);
  for (std::int32_t id = 0; id < 10'000; ++id) {
    ASSERT_TRUE(vocabulary.add("token " + std::to_string(id), 2 * id));
  }
  for (std::int32_t id = 0; id < 10'000; ++id) {
    const std::string text = "token " + std::to_string(id);
    ASSERT_EQ(vocabulary.find(text), 2 * id);
    ASSERT_EQ(vocabulary.text(2 * id), text);
  }
  EXPECT_EQ(vocabulary.find("token"), -1);
  EXPECT_EQ(vocabulary.size(), 19'999);
  EXPECT_EQ(vocabulary.n_tokens(), 10'000);
}

TEST(Vocabulary, KnowsIdsThatAreLeftOut) {
  Vocabulary vocabulary;
  vocabulary.add("a", 3);
  EXPECT_FALSE(vocabulary.contains(2));
  EXPECT_FALSE(vocabulary.contains(4));
  EXPECT_FALSE(vocabulary.contains(-1));
  EXPECT_EQ(vocabulary.text(2), "");
}

TEST(Vocabulary, RefusesTextsAndIdsThatAreTaken) {
  Vocabulary vocabulary;
  EXPECT_TRUE(vocabulary.add("a", 0));
  EXPECT_FALSE(vocabulary.add("a", 1));
  EXPECT_FALSE(vocabulary.add("b", 0));
  EXPECT_EQ(vocabulary.n_tokens(), 1);
  EXPECT_EQ(vocabulary.find("b"), -1);
}

TEST(Vocabulary, HoldsTheEmptyTextToo) {
  Vocabulary vocabulary;
  vocabulary.reserve(1, 0);
  EXPECT_TRUE(vocabulary.add("", 0));
  EXPECT_EQ(vocabulary.find(""), 0);
  EXPECT_TRUE(vocabulary.contains(0));
}

TEST(Vocabulary, RefusesIdsOutOfRange) {
  Vocabulary vocabulary;
  for (const std::int32_t id : {-1, Vocabulary::kMaxTokens}) {
    EXPECT_EQ(testing::message_of<std::invalid_argument>([&] { vocabulary.add("a", id); }),
              "[add_token] id " + std::to_string(id) + ", expected 0 to 16777215");
  }
}

TEST(Vocabulary, FindsManyAsItFindsOne) {
  Vocabulary vocabulary;
  std::vector<std::string> texts;
  for (int i = 0; i < 1000; ++i) {
    texts.push_back(std::to_string(i * i % 577) + "x");
    if (i % 2 == 0) vocabulary.add(texts.back(), i);
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  std::vector<std::int32_t> ids(texts.size());
  vocabulary.find_all(views, ids);
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(ids[i], vocabulary.find(texts[i]));
  Vocabulary().find_all(views, ids);
  EXPECT_EQ(ids, std::vector<std::int32_t>(texts.size(), -1));
}

}  // namespace
}  // namespace circuit
