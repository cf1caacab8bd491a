// What `circuit trace --prompts` prints for people, and how far it is.
#pragma once

#include <cstddef>
#include <string>

#include "tracer/cli/engine.h"

namespace circuit::cli {

/// `000012  " grand" 0.9977, 28 nodes, 150 edges, 0.41 s`.
std::string traced_line(const ListedPrompt& prompt, const TraceReport& report);

/// `000012  failed: …`.
std::string failed_line(const ListedPrompt& prompt, const std::string& error);

/// Counts, times, rate and memory of this process.
std::string trace_list_text(const TraceListReport& report);

/// `prompts  12 of 40 (30 %), 55 a minute, 31 s left`: the prompt at `index` is taken up, `seconds`
/// after the one at `first`.
std::string list_progress_text(std::size_t index, std::size_t total, std::size_t first,
                               double seconds);

}  // namespace circuit::cli
