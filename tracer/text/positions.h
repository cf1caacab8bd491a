// Places in a prompt that have names, whatever the prompt: what commands take positions by.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace circuit {

/// Token positions [begin, end).
struct TokenRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  std::int64_t size() const { return end - begin; }
  bool operator==(const TokenRange&) const = default;
};

struct NamedPositions {
  /// The last token before the response begins: from it the response's first token is predicted.
  /// −1 when the response begins the prompt.
  std::int64_t last_prompt = -1;
  /// The tokens of the response that are in the prompt; none when it is still to be generated,
  /// and then it begins behind the last token.
  TokenRange response;
};

/// Of a prompt of `n_positions` without a response in it.
NamedPositions positions_of_prompt(std::int64_t n_positions);

/// "last_prompt" or "response"; nothing for another name.
std::optional<TokenRange> find_positions(std::string_view name, const NamedPositions& positions);

}  // namespace circuit
