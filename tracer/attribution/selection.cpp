#include "tracer/attribution/selection.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace circuit {
namespace {

// circuit-tracer divides by at least this much when it ranks, and by 1e-10 afterwards.
constexpr double kRankingRowFloor = 1e-8;

}  // namespace

FeatureSelection::FeatureSelection(const RowStore& store, std::vector<double> weights,
                                   std::size_t cap, std::size_t round)
    : store_(store),
      weights_(std::move(weights)),
      cap_(std::min(cap, static_cast<std::size_t>(store.columns().n_active()))),
      round_(round),
      visited_(static_cast<std::size_t>(store.columns().n_active()), false) {}

std::vector<std::int64_t> FeatureSelection::next() {
  std::vector<std::int64_t> features;
  if (cap_ == visited_.size() && chosen_ == 0) {
    features.resize(cap_);
    std::iota(features.begin(), features.end(), 0);
  } else if (chosen_ < cap_) {
    features = most_influential(std::min(round_, cap_ - chosen_));
  }
  for (const std::int64_t i : features) visited_[static_cast<std::size_t>(i)] = true;
  chosen_ += features.size();
  return features;
}

// Highest first, then by index; the result ascends.
std::vector<std::int64_t> FeatureSelection::most_influential(std::size_t count) const {
  const std::vector<double> influence = store_.influence(weights_, kRankingRowFloor);
  std::vector<std::int64_t> order;
  for (std::size_t i = 0; i < visited_.size(); ++i) {
    if (!visited_[i]) order.push_back(static_cast<std::int64_t>(i));
  }
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::int64_t a, std::int64_t b) {
                      const double x = influence[static_cast<std::size_t>(a)];
                      const double y = influence[static_cast<std::size_t>(b)];
                      return x != y ? x > y : a < b;
                    });
  order.resize(count);
  std::ranges::sort(order);
  return order;
}

}  // namespace circuit
