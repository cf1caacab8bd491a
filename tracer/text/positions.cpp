#include "tracer/text/positions.h"

namespace circuit {

NamedPositions positions_of_prompt(std::int64_t n_positions) {
  return {.last_prompt = n_positions - 1, .response = {.begin = n_positions, .end = n_positions}};
}

std::optional<TokenRange> find_positions(std::string_view name, const NamedPositions& positions) {
  if (name == "response") return positions.response;
  if (name != "last_prompt") return std::nullopt;
  if (positions.last_prompt < 0) return TokenRange{};
  return TokenRange{.begin = positions.last_prompt, .end = positions.last_prompt + 1};
}

}  // namespace circuit
