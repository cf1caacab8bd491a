// Chooses the next token from logits.
#pragma once

#include <cstdint>
#include <span>

namespace circuit {

struct SamplingOptions {
  double temperature = 0;  ///< 0 = always the most probable token
  double top_p = 1;        ///< smallest set of tokens with this share of probability, in (0, 1]
  std::uint64_t seed = 0;
};

/// Throws std::invalid_argument for a negative temperature or a top_p outside (0, 1].
void check_sampling(const SamplingOptions& options);

/// The same options and logits give the same tokens on every machine, up to rounding of logits.
class Sampler {
 public:
  /// Throws as check_sampling.
  explicit Sampler(const SamplingOptions& options);

  /// An index into `logits`. Ties go to the lower one.
  std::int32_t choose(std::span<const float> logits);

 private:
  double uniform();  // in [0, 1)
  /// An index, each as likely as its share of `total`.
  std::int32_t draw(std::span<const double> weights, double total);

  SamplingOptions options_;
  std::uint64_t state_;
};

}  // namespace circuit
