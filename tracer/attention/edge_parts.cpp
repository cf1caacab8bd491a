#include "tracer/attention/edge_parts.h"

#include <algorithm>
#include <cmath>

namespace circuit {
namespace {

std::vector<HeadShare> sorted_shares(std::span<const double> values, std::int64_t first_layer,
                                     std::int64_t n_heads) {
  std::vector<HeadShare> shares;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == 0.0) continue;
    const auto place = static_cast<std::int64_t>(i);
    shares.push_back({.head = {static_cast<std::int32_t>(first_layer + place / n_heads),
                               static_cast<std::int32_t>(place % n_heads)},
                      .weight = values[i]});
  }
  std::ranges::stable_sort(shares, [](const HeadShare& a, const HeadShare& b) {
    return std::abs(a.weight) > std::abs(b.weight);
  });
  return shares;
}

}  // namespace

std::vector<EdgePart> list_parts(std::span<const double> last, std::int64_t first_layer,
                                 std::int64_t n_heads, double residual) {
  const std::vector<HeadShare> shares = sorted_shares(last, first_layer, n_heads);
  double all = std::abs(residual);
  for (const HeadShare& share : shares) all += std::abs(share.weight);
  std::vector<EdgePart> parts;
  double listed = std::abs(residual);
  if (residual != 0.0) {
    parts.push_back(
        {.way = EdgeWay::kResidual, .head = {}, .weight = static_cast<float>(residual)});
  }
  std::size_t count = 0;
  for (; count < std::min(shares.size(), kListedHeads) && listed < kListedShare * all; ++count) {
    listed += std::abs(shares[count].weight);
    parts.push_back({.way = EdgeWay::kHead,
                     .head = shares[count].head,
                     .weight = static_cast<float>(shares[count].weight)});
  }
  double rest = 0.0;
  for (std::size_t i = count; i < shares.size(); ++i) rest += shares[i].weight;
  if (rest != 0.0) {
    parts.push_back({.way = EdgeWay::kOtherHeads, .head = {}, .weight = static_cast<float>(rest)});
  }
  std::ranges::stable_sort(parts, [](const EdgePart& a, const EdgePart& b) {
    return std::abs(a.weight) > std::abs(b.weight);
  });
  return parts;
}

std::vector<HeadShare> largest_shares(std::span<const double> values, std::int64_t first_layer,
                                      std::int64_t n_heads) {
  std::vector<HeadShare> shares = sorted_shares(values, first_layer, n_heads);
  shares.resize(std::min(shares.size(), kListedHeads));
  return shares;
}

}  // namespace circuit
