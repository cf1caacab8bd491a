#include "tracer/text/word_cache.h"

#include <deque>
#include <string>

#include <gtest/gtest.h>

namespace circuit {
namespace {

TEST(WordCache, RemembersEveryWord) {
  WordCache cache;
  std::deque<std::string> words;
  for (std::size_t i = 0; i < 1'000; ++i) {
    const std::string& word = words.emplace_back("word " + std::to_string(i));
    WordCache::Entry& entry = cache.find(word);
    ASSERT_TRUE(entry.is_new());
    cache.fill(entry, word, {i, i + 2});
  }
  for (std::size_t i = 0; i < 1'000; ++i) {
    const WordCache::Entry& entry = cache.find("word " + std::to_string(i));
    ASSERT_FALSE(entry.is_new());
    EXPECT_EQ(entry.ids.begin, i);
    EXPECT_EQ(entry.ids.end, i + 2);
  }
}

}  // namespace
}  // namespace circuit
