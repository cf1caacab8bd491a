// What follows the attribution of a prompt: pruning, scores, names of features, files, report.
#pragma once

#include "tracer/cli/engine.h"

namespace circuit::cli {

enum class GraphIndex { kRebuild, kLeave };

/// Writes the files of `traced` as `request` says, and tells what is in them; `index` is for
/// `graph-metadata.json`. May run while another thread calls `tracer.trace`, unless `request` wants
/// details of the attention.
TraceReport finish_trace(const TraceRequest& request, const Tracer& tracer, Trace traced,
                         GraphIndex index);

}  // namespace circuit::cli
