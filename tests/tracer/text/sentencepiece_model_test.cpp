#include "tracer/text/sentencepiece_model.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using Type = SentencePiece::Type;

std::string field(int number, std::string_view bytes) {
  std::string result(1, static_cast<char>(number << 3 | 2));
  return result.append(1, static_cast<char>(bytes.size())).append(bytes);
}

std::string number(int field, int value) {
  const std::string tag = field < 16 ? std::string(1, static_cast<char>(field << 3))
                                     : std::string{static_cast<char>((field << 3 & 0x7F) | 0x80),
                                                   static_cast<char>(field >> 4)};
  return tag + static_cast<char>(value);
}

std::string piece(std::string_view text, Type type) {
  return field(1, field(1, text) + number(3, static_cast<int>(type)));
}

const std::string kUnknown = piece("<unk>", Type::kUnknown);

std::string complaint(const std::string& file) {
  return message_of<std::invalid_argument>([&] { (void)read_sentencepiece_model(file); });
}

TEST(SentencePieceModel, ReadsPiecesAndSettings) {
  const std::string score = "\x15" + std::string("\x00\x00\x80\xBF", 4);
  const std::string file =
      kUnknown + field(1, field(1, "a") + score) + piece("<m>", Type::kUserDefined) +
      field(2, number(3, 2) + number(35, 1)) + field(3, number(3, 0) + number(4, 0));
  const SentencePieceModel model = read_sentencepiece_model(file);
  ASSERT_EQ(model.pieces.size(), 3U);
  EXPECT_EQ(model.pieces[1].text, "a");
  EXPECT_EQ(model.pieces[1].score, -1.0F);
  EXPECT_EQ(model.pieces[1].type, Type::kNormal);
  EXPECT_EQ(model.unknown_id, 0);
  EXPECT_TRUE(model.is_bpe);
  EXPECT_TRUE(model.byte_fallback);
  EXPECT_FALSE(model.rules.add_dummy_prefix);
  EXPECT_FALSE(model.rules.remove_extra_whitespaces);
  EXPECT_EQ(model.rules.kept, (std::vector<std::string>{"<m>"}));
}

TEST(SentencePieceModel, HasTheDefaultsOfItsFormat) {
  const SentencePieceModel model = read_sentencepiece_model(kUnknown);
  EXPECT_FALSE(model.is_bpe);
  EXPECT_FALSE(model.byte_fallback);
  EXPECT_TRUE(model.rules.add_dummy_prefix);
  EXPECT_TRUE(model.rules.remove_extra_whitespaces);
  EXPECT_EQ(model.bos, "<s>");
}

TEST(SentencePieceModel, RefusesWhatIsDamagedOrNotSupported) {
  const std::string no_unknown = "[read_sentencepiece] 0 pieces are of type unknown, expected 1";
  EXPECT_EQ(complaint(""), no_unknown);
  EXPECT_EQ(complaint(kUnknown + kUnknown),
            "[read_sentencepiece] 2 pieces are of type unknown, expected 1");
  EXPECT_EQ(complaint(kUnknown + field(1, "")), "[read_sentencepiece] piece 1 has no text");
  EXPECT_EQ(complaint(kUnknown + field(1, field(1, "\xFF"))),
            "[read_sentencepiece] piece 1 is not valid UTF-8");
  EXPECT_EQ(complaint(kUnknown + field(1, field(1, "a") + number(3, 7))),
            "[read_sentencepiece] piece 1 is of type 7, expected 1 to 6");
  EXPECT_EQ(complaint(kUnknown + field(2, number(3, 3))),
            "[read_sentencepiece] not supported: model_type 3 (supported: 1, Unigram, and 2, BPE)");
  EXPECT_EQ(complaint(kUnknown + field(2, number(24, 1))),
            "[read_sentencepiece] not supported: treat_whitespace_as_suffix");
  EXPECT_EQ(complaint(kUnknown + field(3, number(5, 0))),
            "[read_sentencepiece] not supported: escape_whitespaces false");
  EXPECT_EQ(complaint(kUnknown + field(5, field(2, "abc"))),
            "[read_sentencepiece] not supported: a denormalizer with a table");
  EXPECT_EQ(complaint(kUnknown + piece("a", Type::kUnused) + field(2, number(3, 2))),
            "[read_sentencepiece] not supported: piece 1 is unused, in a BPE model");
  EXPECT_EQ(complaint("{}"), "[read_proto] field 15 has wire type 3");
}

}  // namespace
}  // namespace circuit
