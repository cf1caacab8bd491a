#include "graph/align.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace circuit {
namespace {

constexpr std::int32_t kSame = 2;
constexpr std::int32_t kDifferent = -1;
constexpr std::int32_t kAlone = -1;
constexpr std::size_t kMostCells = std::size_t{1} << 28;

enum class Step : std::uint8_t { kPair, kOnlyA, kOnlyB };

struct Range {
  std::size_t a_begin = 0, a_end = 0;
  std::size_t b_begin = 0, b_end = 0;
};

std::string text_of(const FixedPair& pair) {
  return std::to_string(pair.a) + "=" + std::to_string(pair.b);
}

std::vector<FixedPair> checked(std::span<const FixedPair> fixed, std::size_t n_a, std::size_t n_b) {
  std::vector<FixedPair> pairs(fixed.begin(), fixed.end());
  std::ranges::sort(pairs, {}, &FixedPair::a);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i].a >= n_a || pairs[i].b >= n_b) {
      throw std::invalid_argument("[align] " + text_of(pairs[i]) + " is outside, expected below " +
                                  std::to_string(n_a) + "=" + std::to_string(n_b));
    }
    if (i > 0 && (pairs[i].a == pairs[i - 1].a || pairs[i].b <= pairs[i - 1].b)) {
      throw std::invalid_argument("[align] " + text_of(pairs[i]) + " does not follow " +
                                  text_of(pairs[i - 1]) + ", expected both sides to ascend");
    }
  }
  return pairs;
}

/// The best alignment of a part of both, found from its end.
void append_range(const Range& range, const std::function<bool(std::size_t, std::size_t)>& same,
                  std::vector<AlignedPosition>& columns) {
  const std::size_t n_a = range.a_end - range.a_begin, n_b = range.b_end - range.b_begin;
  std::vector<Step> steps((n_a + 1) * (n_b + 1), Step::kOnlyA);
  std::vector<std::int32_t> above(n_b + 1), row(n_b + 1);
  for (std::size_t j = 1; j <= n_b; ++j) {
    above[j] = above[j - 1] + kAlone;
    steps[j] = Step::kOnlyB;
  }
  for (std::size_t i = 1; i <= n_a; ++i) {
    row[0] = above[0] + kAlone;
    for (std::size_t j = 1; j <= n_b; ++j) {
      const bool equal = same(range.a_begin + i - 1, range.b_begin + j - 1);
      const std::int32_t pair = above[j - 1] + (equal ? kSame : kDifferent);
      const std::int32_t only_a = above[j] + kAlone, only_b = row[j - 1] + kAlone;
      row[j] = std::max({pair, only_a, only_b});
      steps[i * (n_b + 1) + j] = row[j] == pair     ? Step::kPair
                                 : row[j] == only_a ? Step::kOnlyA
                                                    : Step::kOnlyB;
    }
    std::swap(row, above);
  }
  const std::size_t first = columns.size();
  for (std::size_t i = n_a, j = n_b; i > 0 || j > 0;) {
    const Step step = steps[i * (n_b + 1) + j];
    AlignedPosition column;
    if (step != Step::kOnlyB) column.a = range.a_begin + --i;
    if (step != Step::kOnlyA) column.b = range.b_begin + --j;
    columns.push_back(column);
  }
  std::reverse(columns.begin() + static_cast<std::ptrdiff_t>(first), columns.end());
}

}  // namespace

std::vector<AlignedPosition> align(std::size_t n_a, std::size_t n_b,
                                   const std::function<bool(std::size_t, std::size_t)>& same,
                                   std::span<const FixedPair> fixed) {
  const std::vector<FixedPair> pairs = checked(fixed, n_a, n_b);
  if (n_a > 0 && n_b > kMostCells / n_a) {
    throw std::invalid_argument("[align] prompts of " + std::to_string(n_a) + " and " +
                                std::to_string(n_b) + " tokens, expected at most " +
                                std::to_string(kMostCells) + " pairs");
  }
  std::vector<AlignedPosition> columns;
  Range range;
  for (const FixedPair& pair : pairs) {
    range.a_end = pair.a;
    range.b_end = pair.b;
    append_range(range, same, columns);
    columns.push_back({pair.a, pair.b});
    range = {pair.a + 1, 0, pair.b + 1, 0};
  }
  range.a_end = n_a;
  range.b_end = n_b;
  append_range(range, same, columns);
  return columns;
}

}  // namespace circuit
