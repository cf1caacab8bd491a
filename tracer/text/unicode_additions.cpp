#include "tracer/text/unicode_additions.h"

#include <algorithm>
#include <array>

#include "tracer/text/utf8.h"

namespace circuit {
namespace {

// A character of Unicode 14 for each length in UTF-8 that splitting patterns cannot tell apart
// from the new ones: same general category, and Han letters of the same script.
struct StandIn {
  char32_t three_bytes;
  char32_t four_bytes;
};

constexpr StandIn kNonspacingMark = {0x0E31, 0x101FD};
constexpr StandIn kSpacingMark = {0x0903, 0x11000};
constexpr StandIn kPunctuation = {0x0E4F, 0x10100};
constexpr StandIn kUpper = {0x1E00, 0x10400};
constexpr StandIn kLower = {0x1E01, 0x10428};
constexpr StandIn kSymbol = {0x2600, 0x10137};
constexpr StandIn kLetter = {0x0E01, 0x10300};
constexpr StandIn kModifier = {0x0E46, 0x10780};
constexpr StandIn kDigit = {0x0966, 0x104A0};
constexpr StandIn kNumber = {0x2460, 0x10107};
constexpr StandIn kDash = {0x2010, 0x10EAD};
constexpr StandIn kMathSymbol = {0x2200, 0x1D6C1};
constexpr StandIn kFormat = {0x2060, 0x110BD};
constexpr StandIn kHan = {0x4E00, 0x20000};

struct Range {
  char32_t first;
  char32_t last;
  StandIn stand_in;
};

// The characters that Unicode 15, 15.1 and 16 added.
// clang-format off
constexpr std::array kAdditions = std::to_array<Range>({
    {0x897, 0x897, kNonspacingMark}, {0xCF3, 0xCF3, kSpacingMark}, {0xECE, 0xECE, kNonspacingMark},
    {0x1B4E, 0x1B4F, kPunctuation}, {0x1B7F, 0x1B7F, kPunctuation}, {0x1C89, 0x1C89, kUpper},
    {0x1C8A, 0x1C8A, kLower}, {0x2427, 0x2429, kSymbol}, {0x2FFC, 0x2FFF, kSymbol},
    {0x31E4, 0x31E5, kSymbol}, {0x31EF, 0x31EF, kSymbol}, {0xA7CB, 0xA7CC, kUpper},
    {0xA7CD, 0xA7CD, kLower}, {0xA7DA, 0xA7DA, kUpper}, {0xA7DB, 0xA7DB, kLower},
    {0xA7DC, 0xA7DC, kUpper}, {0x105C0, 0x105F3, kLetter}, {0x10D40, 0x10D49, kDigit},
    {0x10D4A, 0x10D4D, kLetter}, {0x10D4E, 0x10D4E, kModifier}, {0x10D4F, 0x10D4F, kLetter},
    {0x10D50, 0x10D65, kUpper}, {0x10D69, 0x10D6D, kNonspacingMark}, {0x10D6E, 0x10D6E, kDash},
    {0x10D6F, 0x10D6F, kModifier}, {0x10D70, 0x10D85, kLower}, {0x10D8E, 0x10D8F, kMathSymbol},
    {0x10EC2, 0x10EC4, kLetter}, {0x10EFC, 0x10EFF, kNonspacingMark}, {0x1123F, 0x11240, kLetter},
    {0x11241, 0x11241, kNonspacingMark}, {0x11380, 0x11389, kLetter}, {0x1138B, 0x1138B, kLetter},
    {0x1138E, 0x1138E, kLetter}, {0x11390, 0x113B5, kLetter}, {0x113B7, 0x113B7, kLetter},
    {0x113B8, 0x113BA, kSpacingMark}, {0x113BB, 0x113C0, kNonspacingMark},
    {0x113C2, 0x113C2, kSpacingMark}, {0x113C5, 0x113C5, kSpacingMark},
    {0x113C7, 0x113CA, kSpacingMark}, {0x113CC, 0x113CD, kSpacingMark},
    {0x113CE, 0x113CE, kNonspacingMark}, {0x113CF, 0x113CF, kSpacingMark},
    {0x113D0, 0x113D0, kNonspacingMark}, {0x113D1, 0x113D1, kLetter},
    {0x113D2, 0x113D2, kNonspacingMark}, {0x113D3, 0x113D3, kLetter},
    {0x113D4, 0x113D5, kPunctuation}, {0x113D7, 0x113D8, kPunctuation},
    {0x113E1, 0x113E2, kNonspacingMark}, {0x116D0, 0x116E3, kDigit},
    {0x11B00, 0x11B09, kPunctuation}, {0x11BC0, 0x11BE0, kLetter}, {0x11BE1, 0x11BE1, kPunctuation},
    {0x11BF0, 0x11BF9, kDigit}, {0x11F00, 0x11F01, kNonspacingMark}, {0x11F02, 0x11F02, kLetter},
    {0x11F03, 0x11F03, kSpacingMark}, {0x11F04, 0x11F10, kLetter}, {0x11F12, 0x11F33, kLetter},
    {0x11F34, 0x11F35, kSpacingMark}, {0x11F36, 0x11F3A, kNonspacingMark},
    {0x11F3E, 0x11F3F, kSpacingMark}, {0x11F40, 0x11F40, kNonspacingMark},
    {0x11F41, 0x11F41, kSpacingMark}, {0x11F42, 0x11F42, kNonspacingMark},
    {0x11F43, 0x11F4F, kPunctuation}, {0x11F50, 0x11F59, kDigit},
    {0x11F5A, 0x11F5A, kNonspacingMark}, {0x1342F, 0x1342F, kLetter}, {0x13439, 0x1343F, kFormat},
    {0x13440, 0x13440, kNonspacingMark}, {0x13441, 0x13446, kLetter},
    {0x13447, 0x13455, kNonspacingMark}, {0x13460, 0x143FA, kLetter}, {0x16100, 0x1611D, kLetter},
    {0x1611E, 0x16129, kNonspacingMark}, {0x1612A, 0x1612C, kSpacingMark},
    {0x1612D, 0x1612F, kNonspacingMark}, {0x16130, 0x16139, kDigit}, {0x16D40, 0x16D42, kModifier},
    {0x16D43, 0x16D6A, kLetter}, {0x16D6B, 0x16D6C, kModifier}, {0x16D6D, 0x16D6F, kPunctuation},
    {0x16D70, 0x16D79, kDigit}, {0x18CFF, 0x18CFF, kLetter}, {0x1B132, 0x1B132, kLetter},
    {0x1B155, 0x1B155, kLetter}, {0x1CC00, 0x1CCEF, kSymbol}, {0x1CCF0, 0x1CCF9, kDigit},
    {0x1CD00, 0x1CEB3, kSymbol}, {0x1D2C0, 0x1D2D3, kNumber}, {0x1DF25, 0x1DF2A, kLower},
    {0x1E030, 0x1E06D, kModifier}, {0x1E08F, 0x1E08F, kNonspacingMark}, {0x1E4D0, 0x1E4EA, kLetter},
    {0x1E4EB, 0x1E4EB, kModifier}, {0x1E4EC, 0x1E4EF, kNonspacingMark}, {0x1E4F0, 0x1E4F9, kDigit},
    {0x1E5D0, 0x1E5ED, kLetter}, {0x1E5EE, 0x1E5EF, kNonspacingMark}, {0x1E5F0, 0x1E5F0, kLetter},
    {0x1E5F1, 0x1E5FA, kDigit}, {0x1E5FF, 0x1E5FF, kPunctuation}, {0x1F6DC, 0x1F6DC, kSymbol},
    {0x1F774, 0x1F776, kSymbol}, {0x1F77B, 0x1F77F, kSymbol}, {0x1F7D9, 0x1F7D9, kSymbol},
    {0x1F8B2, 0x1F8BB, kSymbol}, {0x1F8C0, 0x1F8C1, kSymbol}, {0x1FA75, 0x1FA77, kSymbol},
    {0x1FA87, 0x1FA89, kSymbol}, {0x1FA8F, 0x1FA8F, kSymbol}, {0x1FAAD, 0x1FAAF, kSymbol},
    {0x1FABB, 0x1FABF, kSymbol}, {0x1FAC6, 0x1FAC6, kSymbol}, {0x1FACE, 0x1FACF, kSymbol},
    {0x1FADA, 0x1FADC, kSymbol}, {0x1FADF, 0x1FADF, kSymbol}, {0x1FAE8, 0x1FAE9, kSymbol},
    {0x1FAF7, 0x1FAF8, kSymbol}, {0x1FBCB, 0x1FBEF, kSymbol}, {0x2B739, 0x2B739, kHan},
    {0x2EBF0, 0x2EE5D, kHan}, {0x31350, 0x323AF, kHan},
});
// clang-format on

const Range* find_addition(char32_t character) {
  const auto range = std::ranges::lower_bound(kAdditions, character, {}, &Range::last);
  return range != kAdditions.end() && range->first <= character ? &*range : nullptr;
}

}  // namespace

std::optional<std::string> with_stand_ins(std::string_view text) {
  std::optional<std::string> changed;
  for (std::size_t position = 0; position < text.size();) {
    const std::size_t begin = position;
    if (static_cast<unsigned char>(text[begin]) < 0xE0) {
      ++position;  // no addition is this short, and no byte inside a character is that large
      continue;
    }
    const auto character = next_character(text, position);
    const Range* range = character ? find_addition(*character) : nullptr;
    if (range == nullptr) continue;
    if (!changed) changed.emplace(text);
    const bool is_short = position - begin == 3;
    std::string stand_in;
    append_character(stand_in, is_short ? range->stand_in.three_bytes : range->stand_in.four_bytes);
    changed->replace(begin, position - begin, stand_in);
  }
  return changed;
}

}  // namespace circuit
