#include "tracer/text/windows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/tracer/text/small_tokenizer.h"

namespace circuit::testing {
namespace {

using ::testing::ElementsAre;
using Window = std::vector<std::int32_t>;

const std::vector<std::string> kTexts = {"abcde", "f", "gh"};

TEST(Windows, CutLongTextsAndBeginEachWithTheSpecialToken) {
  const Tokenizer tokenizer =
      SmallTokenizer{.added_tokens = "[" + added_token(256, "<s>", true) + "]"}.load();
  const auto id = [](char c) { return static_cast<std::int32_t>(c); };
  EXPECT_THAT(
      windows_of(tokenizer, kTexts, {}, 3, 0),
      ElementsAre(Window{256, id('a'), id('b')}, Window{256, id('c'), id('d')},
                  Window{256, id('e')}, Window{256, id('f')}, Window{256, id('g'), id('h')}));
  EXPECT_THAT(windows_of(tokenizer, kTexts, {}, 3, 5),
              ElementsAre(Window{256, id('a'), id('b')}, Window{256, id('c')}));
  EXPECT_THAT(windows_of(tokenizer, kTexts, {.bos = PromptOptions::Bos::kNone}, 3, 0),
              ElementsAre(Window{id('a'), id('b'), id('c')}, Window{id('d'), id('e')},
                          Window{id('g'), id('h')}));
}

TEST(Windows, RefuseALengthWithoutRoom) {
  const Tokenizer tokenizer = SmallTokenizer{}.load();
  EXPECT_EQ(message_of<std::invalid_argument>([&] { windows_of(tokenizer, kTexts, {}, 1, 0); }),
            "--context is 1, expected at least 2");
}

}  // namespace
}  // namespace circuit::testing
