#include "tracer/text/normalizer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>

#include "tracer/text/charsmap.h"
#include "tracer/text/regex.h"
#include "tracer/text/utf8.h"
#include "tracer/text/white_space.h"

namespace circuit {
namespace {

using Kind = NormalizerStep::Kind;

void check(UErrorCode status) {
  if (U_FAILURE(status) != 0) {
    throw std::runtime_error(std::string("[normalize] ICU: ") + u_errorName(status));
  }
}

// Hugging Face's library composes by the tables of Unicode 9 (measured on every character) and
// leaves later ones alone.
icu::UnicodeSet composed_characters() {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeSet set(icu::UnicodeString(u"[:age=9.0:]"), status);
  check(status);
  set.freeze();
  return set;
}

const icu::Normalizer2* find_form(Kind kind, UErrorCode& status) {
  if (kind == Kind::kNfc) return icu::Normalizer2::getNFCInstance(status);
  if (kind == Kind::kNfd) return icu::Normalizer2::getNFDInstance(status);
  if (kind == Kind::kNfkc) return icu::Normalizer2::getNFKCInstance(status);
  return icu::Normalizer2::getNFKDInstance(status);
}

const icu::Normalizer2& form(Kind kind) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = find_form(kind, status);
  check(status);
  return *normalizer;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string compose(std::string_view text, const icu::Normalizer2& normalizer) {
  if (is_ascii(text)) return std::string(text);
  if (text.size() > std::numeric_limits<std::int32_t>::max()) {
    throw std::invalid_argument("[normalize] text of " + std::to_string(text.size()) +
                                " bytes, expected less than 2 GiB");
  }
  std::string result;
  icu::StringByteSink<std::string> sink(&result, static_cast<std::int32_t>(text.size()));
  UErrorCode status = U_ZERO_ERROR;
  normalizer.normalizeUTF8(/*options=*/0, icu::StringPiece(text), sink,
                           /*edits=*/nullptr, status);
  check(status);
  return result;
}

// Character by character: Hugging Face's lower-casing knows no context (final sigma) and no locale.
std::string lowercase(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t position = 0; position < text.size();) {
    const char32_t character = next_character(text, position).value_or(0xFFFD);
    if (character == 0x130) {
      result += "i\u0307";  // the one character whose lower case is two
    } else {
      append_character(result, static_cast<char32_t>(u_tolower(static_cast<UChar32>(character))));
    }
  }
  return result;
}

std::string replace_matches(std::string_view text, const Regex& regex, std::string_view content) {
  std::vector<TextPart> parts;
  regex.split(text, parts);
  std::string result;
  for (const TextPart& part : parts) {
    result += part.is_match ? content : text.substr(part.begin, part.end - part.begin);
  }
  return result;
}

}  // namespace

// A step and what it works with.
struct Normalizer::Stage {
  NormalizerStep step;
  std::unique_ptr<const icu::FilteredNormalizer2> form;
  std::optional<Regex> regex;
  std::optional<Charsmap> charsmap;
  std::optional<SentencePieceNormalizer> sentencepiece;
};

struct Normalizer::Impl {
  explicit Impl(std::vector<NormalizerStep> steps) {
    for (NormalizerStep& step : steps) {
      Stage& stage = stages.emplace_back();
      if (step.kind <= Kind::kNfkd) {
        if (!characters) characters = composed_characters();
        stage.form = std::make_unique<const icu::FilteredNormalizer2>(form(step.kind), *characters);
      }
      if (step.kind == Kind::kReplaceMatches) stage.regex = Regex::from_pattern(step.pattern);
      if (step.kind == Kind::kCharsmap) stage.charsmap.emplace(step.content);
      if (step.kind == Kind::kSentencePiece) stage.sentencepiece.emplace(step.rules);
      stage.step = std::move(step);
    }
  }

  std::vector<Stage> stages;
  std::optional<icu::UnicodeSet> characters;  // made for the first composing step: 5 ms
};

Normalizer::Normalizer(std::vector<NormalizerStep> steps)
    : impl_(std::make_unique<const Impl>(std::move(steps))) {}
Normalizer::Normalizer(Normalizer&&) noexcept = default;
Normalizer& Normalizer::operator=(Normalizer&&) noexcept = default;
Normalizer::~Normalizer() = default;

bool Normalizer::changes_nothing() const { return impl_->stages.empty(); }

bool Normalizer::may_drop_beginning() const {
  return std::ranges::any_of(impl_->stages, [](const Stage& stage) {
    const bool replaces =
        stage.step.kind == Kind::kReplace || stage.step.kind == Kind::kReplaceMatches;
    return stage.step.kind == Kind::kStripLeft || stage.step.kind == Kind::kCharsmap ||
           (replaces && stage.step.content.empty());
  });
}

std::string Normalizer::apply(const Stage& stage, const std::string& text) {
  const NormalizerStep& step = stage.step;
  switch (step.kind) {
    case Kind::kLowercase:
      return lowercase(text);
    case Kind::kPrepend:
      return step.content + text;
    case Kind::kReplace:
      return replace_all(text, step.pattern, step.content);
    case Kind::kReplaceMatches:
      return replace_matches(text, *stage.regex, step.content);
    case Kind::kStripLeft:
      return text.substr(length_of_leading_space(text));
    case Kind::kStripRight:
      return text.substr(0, length_without_trailing_space(text));
    case Kind::kCharsmap:
      return map_clusters(text, *stage.charsmap);
    case Kind::kSentencePiece:
      return stage.sentencepiece->normalize(text);
    default:
      return compose(text, *stage.form);
  }
}

std::string Normalizer::normalize(std::string_view text) const {
  std::string result(text);
  for (const Stage& stage : impl_->stages) {
    if (result.empty()) break;
    result = apply(stage, result);
  }
  return result;
}

std::string replace_all(std::string_view text, std::string_view pattern, std::string_view content) {
  if (pattern.empty()) return std::string(text);
  std::string result;
  result.reserve(text.size());
  while (true) {
    const std::size_t found = text.find(pattern);
    result += text.substr(0, found);
    if (found == std::string_view::npos) return result;
    result += content;
    text.remove_prefix(found + pattern.size());
  }
}

}  // namespace circuit
