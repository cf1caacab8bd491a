#include "tracer/explorer_state.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "tracer/intervention/feature_editor.h"
#include "tracer/replacement/run.h"

namespace circuit {

Explorer::State::State(const LoadOptions& load) : loaded(load) {
  const TranscoderLoadOptions options = {.dtype = scalar_type(load.dtype), .device = loaded.device};
  if (!load.transcoders.empty()) {
    transcoders = load_transcoders(load.transcoders, options);
    reader = read_transcoder_features(loaded.model, *transcoders);
  } else if (!load.sae.empty()) {
    sae = load_sae(load.sae, options);
    reader = read_sae_features(loaded.model, *sae);
  }
}

const FeatureReader& Explorer::State::features() const {
  if (!reader) throw std::invalid_argument("[explore] no features: neither transcoders nor SAE");
  return *reader;
}

std::int64_t Explorer::State::zeroed(std::optional<std::int64_t> given,
                                     const EncodedPrompt& prompt) const {
  const std::int64_t count =
      given.value_or(default_zero_positions(loaded.model.config, prompt.ids));
  if (count < 0) {
    throw std::invalid_argument("--zero-positions is " + std::to_string(count) +
                                ", expected 0 or more");
  }
  return count;
}

std::unique_ptr<SiteVisitor> Explorer::State::editor(const std::vector<FeatureEdit>& edits,
                                                     const EncodedPrompt& prompt,
                                                     std::optional<std::int64_t> zero_positions,
                                                     std::vector<std::string>& warnings) const {
  if (edits.empty()) return nullptr;
  features();
  std::vector<EditRange> ranges;
  std::vector<PlacedEdit> placed;
  for (const FeatureEdit& edit : edits) {
    ranges.push_back(resolve(edit, static_cast<std::int64_t>(prompt.ids.size()), prompt.positions,
                             std::max<std::int64_t>(zeroed(zero_positions, prompt), 1)));
    placed.push_back({edit, ranges.back()});
  }
  warnings = find_overlaps(edits, ranges);
  return sae ? edit_sae_features(*sae, std::move(placed))
             : edit_transcoder_features(loaded.model, *transcoders, std::move(placed));
}

}  // namespace circuit
