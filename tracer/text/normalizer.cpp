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

#include "tracer/text/utf8.h"

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

}  // namespace

struct Normalizer::Impl {
  explicit Impl(std::vector<NormalizerStep> all_steps) : steps(std::move(all_steps)) {
    forms.reserve(steps.size());  // one for each step, used by those that compose
    for (const NormalizerStep& step : steps) {
      const bool composes = step.kind <= Kind::kNfkd;
      if (composes && !characters) characters = composed_characters();
      forms.push_back(
          composes ? std::make_unique<const icu::FilteredNormalizer2>(form(step.kind), *characters)
                   : nullptr);
    }
  }

  std::vector<NormalizerStep> steps;
  std::optional<icu::UnicodeSet> characters;  // made for the first composing step: 5 ms
  std::vector<std::unique_ptr<const icu::FilteredNormalizer2>> forms;
};

Normalizer::Normalizer(std::vector<NormalizerStep> steps)
    : impl_(std::make_unique<const Impl>(std::move(steps))) {}
Normalizer::Normalizer(Normalizer&&) noexcept = default;
Normalizer& Normalizer::operator=(Normalizer&&) noexcept = default;
Normalizer::~Normalizer() = default;

bool Normalizer::changes_nothing() const { return impl_->steps.empty(); }

std::string Normalizer::normalize(std::string_view text) const {
  std::string result(text);
  for (std::size_t i = 0; i < impl_->steps.size() && !result.empty(); ++i) {
    const NormalizerStep& step = impl_->steps[i];
    switch (step.kind) {
      case Kind::kLowercase:
        result = lowercase(result);
        break;
      case Kind::kPrepend:
        result.insert(0, step.content);
        break;
      case Kind::kReplace:
        result = replace_all(result, step.pattern, step.content);
        break;
      default:
        result = compose(result, *impl_->forms[i]);
    }
  }
  return result;
}

std::string replace_all(std::string_view text, std::string_view pattern, std::string_view content) {
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
