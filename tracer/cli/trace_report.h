// What `circuit trace` prints.
#pragma once

#include <string>

#include "tracer/cli/engine.h"

namespace circuit::cli {

/// For people: tokens, targets, features, circuit, scores, closure, times, memory, files.
std::string trace_report_text(const TraceReport& report);

/// One JSON object (docs/architecture.md, command line).
std::string trace_report_json(const TraceReport& report);

/// The same with `id` and `name` before it.
std::string listed_trace_json(const ListedPrompt& prompt, const TraceReport& report);

}  // namespace circuit::cli
