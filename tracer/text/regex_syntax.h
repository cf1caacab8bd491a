// Translates splitting patterns from the syntax of tokenizer.json (Oniguruma, Ruby flavour) to
// PCRE2's.
#pragma once

#include <string>
#include <string_view>

namespace circuit {

/// A pattern that matches in PCRE2 (UTF, UCP, multi-line) what `pattern` matches in Oniguruma.
/// Throws std::invalid_argument `[translate_pattern] not supported: ...` for constructs whose
/// meaning differs between the two and is not rewritten here (nested character classes, word
/// boundaries, named groups, back-references and others). Requires valid UTF-8.
std::string translate_pattern(std::string_view pattern);

}  // namespace circuit
