// Attention patterns as the files that `attention --patterns` writes.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "graph/attention_patterns.h"
#include "graph/attribution_graph.h"
#include "graph/head.h"
#include "tracer/cli/output_files.h"

namespace circuit::cli {

/// What `--patterns` writes by default.
inline constexpr char kPatternFormats[] = "svg,html";

/// Throws std::invalid_argument for what no patterns are written as.
void check_pattern_formats(const std::string& formats);

/// Writes the patterns of the prompt of `graph`, the heads `enlarged` beside the small ones, with
/// the score tables that the graph has of them. Throws std::runtime_error when a file cannot be
/// written, std::invalid_argument for a head that is not there.
std::vector<std::filesystem::path> write_patterns(const OutputFiles& output,
                                                  const AttributionGraph& graph,
                                                  const AttentionPatterns& patterns,
                                                  std::span<const Head> enlarged);

/// Of what was written.
std::string patterns_text(const AttentionPatterns& patterns,
                          const std::vector<std::filesystem::path>& files);
std::string patterns_json(const AttentionPatterns& patterns,
                          const std::vector<std::filesystem::path>& files);

}  // namespace circuit::cli
