// What a study measures of the next token's logits (docs/studies.md, metrics).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "tracer/study/study_file.h"

namespace circuit {

struct MeasuredTokens {
  std::int32_t wanted = 0;
  /// Of logit_difference; nothing = the highest other logit.
  std::optional<std::int32_t> against;
};

/// Sums in double. `clean` are the logits of the unchanged run; ties of rank count against the
/// wanted token only where the other id is smaller, so that rank 1 is top 1. Throws
/// std::invalid_argument when sizes differ or a token is outside the vocabulary.
double measure(StudyMetric metric, std::span<const float> logits, std::span<const float> clean,
               const MeasuredTokens& tokens);

}  // namespace circuit
