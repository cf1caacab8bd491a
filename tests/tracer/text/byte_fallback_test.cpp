#include "tracer/text/byte_fallback.h"

#include <gtest/gtest.h>

namespace circuit {
namespace {

using Ids = std::vector<std::int32_t>;

TEST(ByteFallback, ReadsByteTokens) {
  EXPECT_EQ(fallback_byte("<0x0A>"), '\n');
  EXPECT_EQ(fallback_byte("<0xff>"), '\xFF');
  for (const std::string_view token : {"<0x0A", "<0x0G>", "<0xA>", "<0x00A>", "(0x0A)"}) {
    EXPECT_EQ(fallback_byte(token), std::nullopt) << token;
  }
}

TEST(ByteFallback, AppendsATokenForEachByteOrNothing) {
  Vocabulary vocabulary;
  vocabulary.add("<0xC3>", 1);
  vocabulary.add("<0xA9>", 2);
  const auto byte_tokens = find_byte_tokens(vocabulary, /*is_used=*/true);
  Ids ids = {7};
  EXPECT_TRUE(append_byte_tokens("\u00E9", byte_tokens, ids));
  EXPECT_EQ(ids, (Ids{7, 1, 2}));
  EXPECT_FALSE(append_byte_tokens("\u00E8", byte_tokens, ids));
  EXPECT_FALSE(append_byte_tokens("\u00E9", find_byte_tokens(vocabulary, /*is_used=*/false), ids));
  EXPECT_EQ(ids, (Ids{7, 1, 2}));
}

}  // namespace
}  // namespace circuit
