#include "tracer/text/decoder.h"

#include <gtest/gtest.h>

namespace circuit {
namespace {

TEST(Decoder, WritesTheBytesOfATokenAsItIsAsked) {
  EXPECT_EQ(decode_token("<0x41>", /*is_added=*/false, {.byte_fallback = true}), "A");
  EXPECT_EQ(decode_token("<0x41>", /*is_added=*/false, {}), "<0x41>");
  EXPECT_EQ(decode_token("\u0120a", /*is_added=*/false, {.byte_level = true}), " a");
  EXPECT_EQ(decode_token("\u2581a", /*is_added=*/false, {.replacements = {{"\u2581", " "}}}), " a");
}

TEST(Decoder, StripsAWholeText) {
  const DecoderOptions options{.stripped = " ", .strip_left = 1, .strip_right = 2};
  EXPECT_EQ(strip_decoded("  a   ", options), " a ");
  EXPECT_EQ(strip_decoded("a", options), "a");
  EXPECT_EQ(strip_decoded(" ", options), "");
  EXPECT_EQ(strip_decoded(" a ", {}), " a ");
}

TEST(Decoder, KeepsTokensThatAreNoByteCharacters) {
  EXPECT_EQ(decode_token("\u0120 a", /*is_added=*/false, {.byte_level = true}), "\u0120 a");
  EXPECT_EQ(decode_token("\u0120a", /*is_added=*/true, {.byte_level = true}), "\u0120a");
}

}  // namespace
}  // namespace circuit
