#include "tracer/serve/page_cache.h"

#include <gtest/gtest.h>

namespace circuit::serve {
namespace {

PageCache::Page page(std::size_t size) { return std::make_shared<const std::string>(size, 'x'); }

TEST(PageCache, KeepsNoMoreBytesThanItMay) {
  PageCache cache(100);
  for (int i = 0; i < 50; ++i) {
    cache.keep(std::to_string(i), "1", page(30));
    EXPECT_LE(cache.bytes(), 100U);
  }
  EXPECT_EQ(cache.bytes(), 90U);
  cache.keep("large", "1", page(101));
  EXPECT_EQ(cache.find("large", "1"), nullptr);
  EXPECT_EQ(cache.bytes(), 90U);
}

TEST(PageCache, DropsWhatWasNotUsedForLongest) {
  PageCache cache(100);
  cache.keep("a", "1", page(40));
  cache.keep("b", "1", page(40));
  EXPECT_NE(cache.find("a", "1"), nullptr);
  cache.keep("c", "1", page(40));
  EXPECT_NE(cache.find("a", "1"), nullptr);
  EXPECT_EQ(cache.find("b", "1"), nullptr);
}

TEST(PageCache, KnowsAPageByItsVersion) {
  PageCache cache(100);
  cache.keep("a", "1", page(40));
  EXPECT_EQ(cache.find("a", "2"), nullptr);
  cache.keep("a", "2", page(10));
  EXPECT_EQ(cache.find("a", "1"), nullptr);
  ASSERT_NE(cache.find("a", "2"), nullptr);
  EXPECT_EQ(cache.bytes(), 10U);
}

}  // namespace
}  // namespace circuit::serve
