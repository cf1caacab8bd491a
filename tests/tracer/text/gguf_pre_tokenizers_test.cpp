#include "tracer/text/gguf_pre_tokenizers.h"

#include <set>

#include <gtest/gtest.h>

#include "tracer/text/regex.h"

namespace circuit {
namespace {

TEST(GgufPreTokenizers, EveryRowHasItsOwnNameAndPatternsThatCompile) {
  std::set<std::string_view> names;
  for (const GgufPreTokenizer& row : gguf_pre_tokenizers()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.patterns.empty()) << row.name;
    for (const std::string_view pattern : row.patterns) {
      EXPECT_NO_THROW(Regex::from_pattern(pattern)) << row.name;
    }
    EXPECT_EQ(find_gguf_pre_tokenizer(row.name), &row);
  }
  EXPECT_EQ(find_gguf_pre_tokenizer("nobody"), nullptr);
}

}  // namespace
}  // namespace circuit
