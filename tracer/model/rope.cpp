#include "tracer/model/rope.h"

#include <cmath>
#include <numbers>
#include <vector>

#include <ATen/ATen.h>

namespace circuit {
namespace {

// Llama 3: short wavelengths stay, long ones stretch by the factor, those between are blended.
double scale_frequency(const RopeScaling& scaling, double frequency) {
  if (scaling.kind == RopeScaling::Kind::kNone) return frequency;
  if (scaling.kind == RopeScaling::Kind::kLinear) return frequency / scaling.factor;
  const double wavelength = 2.0 * std::numbers::pi / frequency;
  const double longest_kept = scaling.original_max_positions / scaling.high_frequency_factor;
  const double shortest_stretched = scaling.original_max_positions / scaling.low_frequency_factor;
  if (wavelength < longest_kept) return frequency;
  if (wavelength > shortest_stretched) return frequency / scaling.factor;
  const double smooth =
      (scaling.original_max_positions / wavelength - scaling.low_frequency_factor) /
      (scaling.high_frequency_factor - scaling.low_frequency_factor);
  return (1.0 - smooth) * frequency / scaling.factor + smooth * frequency;
}

}  // namespace

RotaryTable rotary_table(const ModelConfig& config, AttentionSpan span, std::int64_t n_positions,
                         at::ScalarType dtype, at::Device device) {
  const bool local = span == AttentionSpan::kSliding && config.sliding_rope_theta > 0;
  const double theta = local ? config.sliding_rope_theta : config.rope_theta;
  const RopeScaling scaling = local ? RopeScaling{} : config.rope_scaling;
  const bool has_factors = scaling.kind == RopeScaling::Kind::kFactors;
  const std::int64_t half = config.d_head / 2;
  std::vector<double> frequencies(static_cast<std::size_t>(half));
  for (std::int64_t i = 0; i < half; ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(config.d_head);
    const double frequency = std::pow(theta, -exponent);
    const auto place = static_cast<std::size_t>(i);
    frequencies[place] =
        has_factors ? frequency / scaling.factors.at(place) : scale_frequency(scaling, frequency);
  }
  const at::Tensor row = at::tensor(frequencies, at::kDouble);
  const at::Tensor positions = at::arange(n_positions, at::kDouble);
  const at::Tensor half_angles = positions.unsqueeze(1) * row;                // [n, d_head / 2]
  const at::Tensor angles = at::cat({half_angles, half_angles}, /*dim=*/-1);  // [n, d_head]
  return {angles.cos().to(dtype).to(device), angles.sin().to(dtype).to(device)};
}

RotaryTable positions_of(const RotaryTable& table, std::int64_t first, std::int64_t count) {
  if (!table.cosines.defined()) return table;
  return {table.cosines.narrow(0, first, count), table.sines.narrow(0, first, count)};
}

RotaryTables rotary_tables(const ModelConfig& config, std::int64_t n_positions,
                           at::ScalarType dtype, at::Device device) {
  if (config.positions != PositionKind::kRotary) return {};
  const RotaryTable full = rotary_table(config, AttentionSpan::kFull, n_positions, dtype, device);
  if (config.sliding_rope_theta <= 0) return {.full = full, .sliding = full};
  return {.full = full,
          .sliding = rotary_table(config, AttentionSpan::kSliding, n_positions, dtype, device)};
}

at::Tensor apply_rotary(const RotaryTable& table, const at::Tensor& x) {
  const auto halves = x.chunk(2, /*dim=*/-1);
  const at::Tensor rotated = at::cat({-halves[1], halves[0]}, /*dim=*/-1);
  return x * table.cosines + rotated * table.sines;
}

}  // namespace circuit
