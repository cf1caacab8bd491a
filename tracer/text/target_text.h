// What `--target VALUE` names: a token, or the difference of two.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tracer/text/tokenizer.h"

namespace circuit {

struct TargetTokens {
  std::int32_t a = 0;
  std::optional<std::int32_t> b;  ///< set for the direction logit(a) − logit(b)

  bool operator==(const TargetTokens&) const = default;
};

/// `value` is `#ID`, the text of a single token, or two of those joined by `-`. The whole is tried
/// first, then the one `-` that leaves two single tokens. A leading space belongs to the token.
/// Throws std::invalid_argument naming what the text encodes to, or the ways to split it when
/// there are several, and when both sides are the same token.
TargetTokens parse_target(const Tokenizer& tokenizer, std::string_view value);

}  // namespace circuit
