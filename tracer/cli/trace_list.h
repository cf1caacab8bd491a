// `circuit trace --prompts`: many prompts with one loading of the model.
#pragma once

#include "tracer/cli/engine.h"

namespace circuit::cli {

/// Traces the list and prints each prompt as it ends, for people or with `json` as one object a
/// line; the callbacks of `request` are set here. Throws std::runtime_error when something failed,
/// also if it was one prompt only.
void trace_list(TraceListRequest request, bool quiet, bool json);

}  // namespace circuit::cli
