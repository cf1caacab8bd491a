#include "tracer/generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace circuit {
namespace {

// The fewest indices, heaviest first, equal ones by index, whose weights reach `share`. Mostly few
// of a vocabulary: a longer and longer beginning of the order is sorted until it is enough.
std::vector<std::int32_t> heaviest(std::span<const double> weights, double share) {
  std::vector<std::int32_t> order(weights.size());
  std::iota(order.begin(), order.end(), 0);
  const auto weight = [&](std::int32_t i) { return weights[static_cast<std::size_t>(i)]; };
  const auto is_ahead = [&](std::int32_t a, std::int32_t b) {
    return weight(a) != weight(b) ? weight(a) > weight(b) : a < b;
  };
  double sum = 0;
  std::size_t count = 0, sorted = 0;
  while (count < order.size() && sum < share) {
    if (count == sorted) {
      const std::size_t more = std::min(order.size(), std::max<std::size_t>(64, 8 * sorted));
      const auto begin = order.begin() + static_cast<std::ptrdiff_t>(sorted);
      const auto end = order.begin() + static_cast<std::ptrdiff_t>(more);
      std::partial_sort(begin, end, order.end(), is_ahead);
      sorted = more;
    }
    sum += weight(order[count++]);
  }
  order.resize(std::max<std::size_t>(count, 1));
  return order;
}

}  // namespace

void check_sampling(const SamplingOptions& options) {
  if (!(options.temperature >= 0) || !std::isfinite(options.temperature)) {
    throw std::invalid_argument("--temperature is " + std::to_string(options.temperature) +
                                ", expected 0 or more");
  }
  if (!(options.top_p > 0 && options.top_p <= 1)) {
    throw std::invalid_argument("--top-p is " + std::to_string(options.top_p) +
                                ", expected more than 0, at most 1");
  }
}

Sampler::Sampler(const SamplingOptions& options) : options_(options), state_(options.seed) {
  check_sampling(options);
}

double Sampler::uniform() {  // splitmix64
  state_ += 0x9e3779b97f4a7c15u;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

std::int32_t Sampler::choose(std::span<const float> logits) {
  const auto best = std::ranges::max_element(logits);
  if (options_.temperature == 0) return static_cast<std::int32_t>(best - logits.begin());
  std::vector<double> weights(logits.size());
  double total = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    weights[i] = std::exp((static_cast<double>(logits[i]) - *best) / options_.temperature);
    total += weights[i];
  }
  if (options_.top_p == 1) return draw(weights, total);
  const std::vector<std::int32_t> kept = heaviest(weights, options_.top_p * total);
  std::vector<double> of_kept;
  for (const std::int32_t id : kept) of_kept.push_back(weights[static_cast<std::size_t>(id)]);
  const double kept_total = std::accumulate(of_kept.begin(), of_kept.end(), 0.0);
  return kept[static_cast<std::size_t>(draw(of_kept, kept_total))];
}

std::int32_t Sampler::draw(std::span<const double> weights, double total) {
  double left = uniform() * total;
  std::size_t last = 0;  // of those with a weight, for what rounding leaves
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0) last = i;
    left -= weights[i];
    if (left < 0) return static_cast<std::int32_t>(i);
  }
  return static_cast<std::int32_t>(last);
}

}  // namespace circuit
