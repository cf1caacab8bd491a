// What an Explorer holds. Private to files directly in tracer/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tracer/explorer.h"
#include "tracer/features/feature_reader.h"
#include "tracer/loaded_model.h"
#include "tracer/model/site.h"
#include "transcoders/sae.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

struct Explorer::State {
  explicit State(const LoadOptions& load);

  /// Throws std::invalid_argument when there are no features.
  const FeatureReader& features() const;
  /// The first positions without features; throws std::invalid_argument for a negative number.
  std::int64_t zeroed(std::optional<std::int64_t> given, const EncodedPrompt& prompt) const;
  /// Edits alone as a visitor, null without any.
  std::unique_ptr<SiteVisitor> editor(const std::vector<FeatureEdit>& edits,
                                      const EncodedPrompt& prompt,
                                      std::optional<std::int64_t> zero_positions,
                                      std::vector<std::string>& warnings) const;

  LoadedModel loaded;
  std::unique_ptr<TranscoderSet> transcoders;  ///< or
  std::unique_ptr<Sae> sae;                    ///< or neither
  std::unique_ptr<FeatureReader> reader;       ///< of either
};

}  // namespace circuit
