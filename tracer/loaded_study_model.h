// The model of a study: loaded weights and transcoders, a tracer while graphs are made, an explorer
// while interventions run.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "tracer/options.h"
#include "tracer/study/study_model.h"

namespace circuit {

/// Nothing is loaded before it is needed, and never both at once. `memory_bytes` bounds the
/// process: how many interventions are run at once, and what a trace may take.
/// Throws std::runtime_error `[load_model] …`, `[load_transcoders] …` or `[content_hash] …`.
std::unique_ptr<StudyModel> open_study_model(const LoadOptions& load, std::int64_t memory_bytes,
                                             std::optional<std::int64_t> zero_positions);

}  // namespace circuit
