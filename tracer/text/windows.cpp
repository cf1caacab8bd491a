#include "tracer/text/windows.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace circuit {

std::vector<std::vector<std::int32_t>> windows_of(const Tokenizer& tokenizer,
                                                  std::span<const std::string> texts,
                                                  const PromptOptions& start, std::int64_t length,
                                                  std::int64_t most_ids) {
  if (length < 2) {
    throw std::invalid_argument("--context is " + std::to_string(length) + ", expected at least 2");
  }
  std::vector<std::vector<std::int32_t>> windows;
  std::int64_t left = most_ids == 0 ? std::numeric_limits<std::int64_t>::max() : most_ids;
  for (const std::string& text : texts) {
    const std::vector<std::int32_t> ids = encode_prompt(tokenizer, text, start);
    const std::size_t first = tokenizer.is_special(ids.front()) ? 1 : 0;
    const std::size_t step = static_cast<std::size_t>(length) - first;
    for (std::size_t begin = first; begin < ids.size(); begin += step) {
      if (left < 2) return windows;
      const std::size_t room = static_cast<std::size_t>(left) - first;
      const std::size_t count = std::min({step, ids.size() - begin, room});
      std::vector<std::int32_t> window(ids.begin(),
                                       ids.begin() + static_cast<std::ptrdiff_t>(first));
      const auto from = ids.begin() + static_cast<std::ptrdiff_t>(begin);
      window.insert(window.end(), from, from + static_cast<std::ptrdiff_t>(count));
      left -= static_cast<std::int64_t>(window.size());
      if (window.size() >= 2) windows.push_back(std::move(window));
    }
  }
  return windows;
}

}  // namespace circuit
