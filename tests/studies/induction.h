// The study of induction heads in the bundled model: which heads the loadings find, what their keys
// are scored for, and what becomes of the answer when such terms are taken out of the scores alone.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "graph/head.h"
#include "tracer/study/evidence.h"

namespace circuit::studies {

/// Prompts repeat themselves and break off: the last token stood before, and the answer followed
/// it. Its key is the position of the answer there. All of `test`.
struct HeadFinding {
  Head head;
  /// On `dev`: mean share of what reaches the answer's logit from the key by a last head.
  double loading = 0;
  Mean advantage;  ///< score of the key over the mean score of other keys
  Mean previous;   ///< of that, terms whose key-side source is the token ahead of the key
};

/// What was taken out of the scores of the chosen heads, from the last position to the key.
struct Outcome {
  std::string name;
  Rate answered;         ///< answer is the most probable next token
  Mean log_probability;  ///< of the answer, its change
};

struct InductionStudy {
  std::size_t dev_prompts = 0, test_prompts = 0, clusters = 0;
  std::vector<HeadFinding> heads;  ///< all, by loading
  std::size_t chosen = 0;          ///< of them, those that make 80 % of all positive loading
  /// nothing; terms of the token ahead of the key; equally many random terms of the same length (20
  /// draws together); terms of the token ahead of another key; the longest other terms; the key.
  std::vector<Outcome> outcomes;
};

InductionStudy study_induction(const std::filesystem::path& model,
                               const std::filesystem::path& transcoders,
                               const std::filesystem::path& prompts);

}  // namespace circuit::studies
