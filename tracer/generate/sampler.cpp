#include "tracer/generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace circuit {

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
  for (std::size_t i = 0; i < logits.size(); ++i) {
    weights[i] = std::exp((static_cast<double>(logits[i]) - *best) / options_.temperature);
  }
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](std::int32_t a, std::int32_t b) {
    return weights[static_cast<std::size_t>(a)] > weights[static_cast<std::size_t>(b)];
  });
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double kept = 0;
  std::size_t count = 0;
  while (count < order.size() && kept < options_.top_p * total) {
    kept += weights[static_cast<std::size_t>(order[count++])];
  }
  double left = uniform() * kept;
  for (std::size_t i = 0; i < count; ++i) {
    left -= weights[static_cast<std::size_t>(order[i])];
    if (left < 0) return order[i];
  }
  return order[count - 1];
}

}  // namespace circuit
