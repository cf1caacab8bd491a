// Names for features that nobody has labelled: the tokens that they push up most.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graph/attribution_graph.h"
#include "tracer/model/model.h"
#include "tracer/text/tokenizer.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

/// For each (layer, feature): the top 3 tokens of (sum of its decoder vectors over the layers it
/// writes) × final norm gain × (unembedding - mean row), as a label whose source is
/// "output tokens". Costs one product [features, d_model] × [d_model, vocabulary].
std::map<std::pair<std::int32_t, std::int32_t>, FeatureLabel> name_features(
    const Model& model, const TranscoderSet& transcoders, const Tokenizer* tokenizer,
    std::span<const std::pair<std::int32_t, std::int32_t>> features);

/// The same for any vectors of the residual stream: `vectors(first, count)` gives [count, d_model]
/// on the model's device, and is called from several threads.
std::vector<std::string> name_vectors(
    const Model& model, const Tokenizer* tokenizer, std::size_t count,
    const std::function<at::Tensor(std::size_t first, std::size_t count)>& vectors);

/// Bytes that this takes beside the model's weights, and those of the unembedding.
std::int64_t naming_bytes(const Model& model);

}  // namespace circuit
