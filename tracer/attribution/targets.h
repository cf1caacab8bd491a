// What a graph explains: next-token logits chosen by probability or by name, their differences,
// features and vectors (docs/method.md, targets).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graph/node.h"
#include "tracer/attribution/rows.h"
#include "tracer/options.h"
#include "tracer/replacement/run.h"
#include "tracer/text/target_text.h"
#include "tracer/text/tokenizer.h"

namespace circuit {

struct OutputTargets {
  std::vector<Target> targets;
  std::vector<std::optional<TargetTokens>> tokens;  ///< the ids behind each; of logits alone
  RowTargets rows;
};

/// `tokenizer` may be null: then tokens are shown as `#ID` and named targets must be ids. Throws
/// std::invalid_argument `[targets] …` for duplicates, ids, layers, features and positions out of
/// range, names that are not one token, vectors of another length, and options out of range.
OutputTargets choose_targets(const ReplacementRun& run, const TargetOptions& options,
                             const Tokenizer* tokenizer);

/// How a token is shown: its text, or `#ID` without a tokenizer.
std::string shown_token(const Tokenizer* tokenizer, std::int32_t id);

}  // namespace circuit
