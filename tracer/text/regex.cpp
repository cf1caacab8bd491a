#include "tracer/text/regex.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tracer/text/regex_syntax.h"
#include "tracer/text/unicode_additions.h"
#include "tracer/text/utf8.h"

namespace circuit {
namespace {

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* handle) const {
    kFree(handle);
  }
};

using Code = std::unique_ptr<pcre2_code, Freed<pcre2_code_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Freed<pcre2_compile_context_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data_free>>;

std::string error_text(int code) {
  std::array<unsigned char, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

struct Regex::Impl {
  Code code;
  MatchContext limits;

  // Nothing when there is no match at or after `from`.
  std::optional<std::pair<std::size_t, std::size_t>> find(std::string_view text, std::size_t from,
                                                          pcre2_match_data* match) const {
    int count = pcre2_match(code.get(), bytes_of(text), text.size(), from, PCRE2_NO_UTF_CHECK,
                            match, limits.get());
    if (count == PCRE2_ERROR_JIT_STACKLIMIT) {
      count = pcre2_match(code.get(), bytes_of(text), text.size(), from,
                          PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, match, limits.get());
    }
    if (count == PCRE2_ERROR_NOMATCH) return std::nullopt;
    if (count < 0) throw std::runtime_error("[split_text] PCRE2: " + error_text(count));
    const std::size_t* offsets = pcre2_get_ovector_pointer(match);
    return std::pair{offsets[0], offsets[1]};
  }

  static std::unique_ptr<const Impl> compile(std::string_view pattern, std::uint32_t options);
};

std::unique_ptr<const Regex::Impl> Regex::Impl::compile(std::string_view pattern,
                                                        std::uint32_t options) {
  const CompileContext context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  std::size_t offset = 0;
  Code code(pcre2_compile(bytes_of(pattern), pattern.size(), options | PCRE2_UTF, &error, &offset,
                          context.get()));
  if (!code) {
    throw std::invalid_argument("[compile_pattern] not supported: " + error_text(error) +
                                " at byte " + std::to_string(offset) + " of " +
                                std::string(pattern));
  }
  // Where the machine cannot compile the pattern, matching is slower but the same.
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  MatchContext limits(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(limits.get(), std::numeric_limits<std::uint32_t>::max());
  return std::make_unique<const Impl>(Impl{std::move(code), std::move(limits)});
}

Regex Regex::from_pattern(std::string_view pattern) {
  if (pattern.empty()) throw std::invalid_argument("[compile_pattern] the pattern is empty");
  return Regex(Impl::compile(translate_pattern(pattern),
                             PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NO_AUTO_CAPTURE));
}

Regex Regex::from_literal(std::string_view text) {
  if (text.empty()) throw std::invalid_argument("[compile_pattern] the pattern is empty");
  return Regex(Impl::compile(text, PCRE2_LITERAL));
}

Regex::Regex(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

void Regex::split(std::string_view text, std::vector<TextPart>& parts) const {
  const std::optional<std::string> changed = with_stand_ins(text);
  const std::string_view subject = changed ? std::string_view(*changed) : text;
  const MatchData match(pcre2_match_data_create_from_pattern(impl_->code.get(), nullptr));
  if (!match) throw std::runtime_error("[split_text] out of memory");
  parts.clear();
  std::size_t from = 0;
  std::size_t covered = 0;
  while (from <= subject.size()) {
    const auto found = impl_->find(subject, from, match.get());
    if (!found) break;
    const auto [begin, end] = *found;
    // As in Hugging Face's library, no empty match directly behind the match before.
    if (begin == end && begin == covered && !parts.empty()) {
      if (from >= subject.size()) break;
      next_character(subject, from);
      continue;
    }
    if (covered < begin) parts.push_back({covered, begin, /*is_match=*/false});
    parts.push_back({begin, end, /*is_match=*/true});
    covered = from = end;
  }
  if (covered < text.size()) parts.push_back({covered, text.size(), /*is_match=*/false});
}

}  // namespace circuit
