// What targets read: the vector that is pulled back from where each is read (docs/method.md,
// targets).
#pragma once

#include <optional>
#include <span>

#include <ATen/core/Tensor.h>

#include "graph/node.h"
#include "tracer/model/model.h"
#include "tracer/text/target_text.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

/// [tokens, d_model]: each token's unembedding less the mean one, or the difference a - b; read
/// after the final norm; on the CPU.
at::Tensor target_covectors(const Model& model, std::span<const TargetTokens> tokens);

/// [targets, d_model] on the CPU: of tokens and differences the same, of features their encoder
/// row, read at the transcoders' read site of their layer, and of vectors themselves. `tokens`
/// [targets] has ids for tokens and differences.
at::Tensor target_covectors(const Model& model, const TranscoderSet& transcoders,
                            std::span<const Target> targets,
                            std::span<const std::optional<TargetTokens>> tokens);

}  // namespace circuit
