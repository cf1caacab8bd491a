// What `group-quality` asks of libcircuit_tracer (engine.h has the rules).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/node_groups.h"
#include "graph/prune.h"
#include "tracer/cli/engine.h"
#include "tracer/options.h"

namespace circuit::cli {

struct FieldedPrompt {
  std::string id;
  PromptInput prompt;
  std::map<std::string, std::string> fields;
};

struct GroupQualityRequest {
  LoadOptions load;
  std::vector<FieldedPrompt> prompts;
  std::vector<GroupingOptions> groupings;
  PruneOptions pruning;
  std::size_t random_partitions = 100;
  std::uint64_t seed = 0;
  Progress progress;
};

/// One grouping of one prompt's kept features; docs/grouping.md, quality.
struct PromptQuality {
  std::size_t features = 0, groups = 0, members = 0;
  std::optional<double> rand_index, agreement;
  std::vector<double> random_indices, random_agreements;  ///< where the measure exists
};

struct GroupQualityReport {
  std::vector<std::vector<PromptQuality>> groupings;  ///< [groupings] of [prompts]
  std::size_t without_variants = 0;  ///< prompts none of whose fields changes in another prompt
};

using GroupQualityCall = EngineCall<GroupQualityRequest, GroupQualityReport>;

/// As the functions of engine_library.h.
GroupQualityReport run_group_quality(GroupQualityRequest request);

}  // namespace circuit::cli

extern "C" {
int circuit_engine_group_quality(circuit::cli::GroupQualityCall* call);
}
