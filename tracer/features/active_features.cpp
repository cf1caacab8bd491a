#include "tracer/features/active_features.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/attribution/feature_names.h"

namespace circuit {
namespace {

// The `top` strongest of each position, all that fire when it is 0.
void append_layer(const at::Tensor& activations, std::int64_t layer, std::int64_t top,
                  std::vector<FiringFeature>& found) {
  at::Tensor kept = activations;
  if (top > 0 && top < activations.size(1)) {
    const auto [values, index] = activations.abs().topk(top, /*dim=*/1);
    kept = at::zeros_like(activations).scatter_(1, index, activations.gather(1, index));
  }
  const at::Tensor places = kept.nonzero().contiguous();  // [k, 2]
  const at::Tensor values =
      kept.index({places.select(1, 0), places.select(1, 1)}).to(at::kFloat).contiguous();
  const auto* place = places.data_ptr<std::int64_t>();
  const auto* value = values.data_ptr<float>();
  for (std::int64_t i = 0; i < places.size(0); ++i) {
    found.push_back({.layer = layer,
                     .position = place[2 * i],
                     .feature = place[2 * i + 1],
                     .activation = value[i]});
  }
}

// In the order of ActiveFeatures, cut to `top` a position.
void keep_strongest(std::vector<FiringFeature>& found, std::int64_t top) {
  const auto key = [](const FiringFeature& f) {
    return std::tuple(f.position, -std::abs(f.activation), f.layer, f.feature);
  };
  std::ranges::sort(found, {}, key);
  if (top == 0) return;
  std::int64_t of_position = 0, position = -1;
  std::erase_if(found, [&](const FiringFeature& f) {
    of_position = f.position == position ? of_position + 1 : 1;
    position = f.position;
    return of_position > top;
  });
}

}  // namespace

ActiveFeatures find_active_features(const Model& model, const FeatureReader& reader,
                                    std::span<const std::int32_t> ids, std::int64_t top,
                                    std::span<const std::int64_t> layers,
                                    std::int64_t zero_positions) {
  const ForwardRecord record = forward(model, ids);
  const auto n = static_cast<std::int64_t>(ids.size());
  ActiveFeatures result;
  for (std::size_t i = 0; i < reader.layers().size(); ++i) {
    const std::int64_t layer = reader.layers()[i];
    result.counts.push_back(0);
    if (!layers.empty() && std::ranges::find(layers, layer) == layers.end()) continue;
    at::Tensor activations = reader.activations(record, i).to(at::kCPU);
    activations.narrow(0, 0, std::min(zero_positions, n)).zero_();
    result.counts.back() = (activations != 0).sum().item<std::int64_t>();
    append_layer(activations, layer, top, result.strongest);
  }
  keep_strongest(result.strongest, top);
  return result;
}

std::vector<std::string> name_active_features(const Model& model, const FeatureReader& reader,
                                              const Tokenizer* tokenizer,
                                              std::span<const FiringFeature> features) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::size_t> places;  // of (layer, feature)
  std::vector<FiringFeature> different;  // a feature that fires at many positions is named once
  for (const FiringFeature& f : features) {
    if (places.try_emplace({f.layer, f.feature}, different.size()).second) different.push_back(f);
  }
  const std::vector<std::string> names =
      name_vectors(model, tokenizer, different.size(), [&](std::size_t first, std::size_t count) {
        std::vector<at::Tensor> rows;
        for (const FiringFeature& f : std::span(different).subspan(first, count)) {
          const auto found = std::ranges::lower_bound(reader.layers(), f.layer);
          const auto index = static_cast<std::size_t>(found - reader.layers().begin());
          rows.push_back(reader.written(index, at::tensor({f.feature})));
        }
        return at::cat(rows);
      });
  std::vector<std::string> of_each;
  for (const FiringFeature& f : features) {
    of_each.push_back(names[places.at({f.layer, f.feature})]);
  }
  return of_each;
}

}  // namespace circuit
