// What a Tracer holds, and a graph's prompt run again with it. Private to files directly in
// tracer/.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "graph/attribution_graph.h"
#include "tracer/attribution/targets.h"
#include "tracer/loaded_model.h"
#include "tracer/options.h"
#include "tracer/replacement/run.h"
#include "tracer/tracer.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

struct Tracer::State {
  explicit State(const LoadOptions& load);

  Provenance provenance(std::string prompt, const AttributionOptions& attribution,
                        const ReplacementRun& run, const OutputTargets& outputs) const;

  /// Runs the prompt of a graph. Throws std::invalid_argument, the message beginning with
  /// `[operation]`, when the graph belongs to another model, other transcoders or another type.
  /// Decoder rows that take more than `keep_decoder_bytes` are read again when used.
  ReplacementRun run_again(
      const AttributionGraph& graph, const char* operation,
      std::int64_t keep_decoder_bytes = std::numeric_limits<std::int64_t>::max()) const;
  /// The covectors of its targets, [targets, d_model]; throws in the same way.
  at::Tensor covectors_of(const AttributionGraph& graph, const char* operation) const;

  LoadedModel loaded;
  std::unique_ptr<TranscoderSet> transcoders;
  std::string model_hash, transcoders_hash;
};

}  // namespace circuit
