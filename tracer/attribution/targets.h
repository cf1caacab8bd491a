// What a graph explains: next-token logits chosen by probability or by name, and their differences
// (docs/method.md, targets).
#pragma once

#include <span>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "graph/node.h"
#include "tracer/attribution/rows.h"
#include "tracer/options.h"
#include "tracer/replacement/run.h"
#include "tracer/text/target_text.h"
#include "tracer/text/tokenizer.h"

namespace circuit {

struct OutputTargets {
  std::vector<Target> targets;
  std::vector<TargetTokens> tokens;  ///< the ids behind each target
  RowTargets rows;                   ///< read after the final norm at the last position
};

/// `tokenizer` may be null: then tokens are shown as `#ID` and named targets must be ids. Throws
/// std::invalid_argument `[targets] …` for duplicates, ids out of range, names that are not one
/// token, and options out of range.
OutputTargets choose_targets(const ReplacementRun& run, const TargetOptions& options,
                             const Tokenizer* tokenizer);

/// [targets, d_model]: each token's unembedding less the mean one, or the difference a - b; read
/// after the final norm; on the CPU.
at::Tensor target_covectors(const Model& model, std::span<const TargetTokens> tokens);

/// How a token is shown: its text, or `#ID` without a tokenizer.
std::string shown_token(const Tokenizer* tokenizer, std::int32_t id);

}  // namespace circuit
