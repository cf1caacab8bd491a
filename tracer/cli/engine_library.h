// libcircuit_tracer, opened when a subcommand needs a model: what loads LibTorch (0.4 s) is not
// linked to the program.
#pragma once

#include "tracer/cli/engine.h"

namespace circuit::cli {

/// Each opens the library beside the program or in `../lib` once per process and runs its function.
/// Throws std::runtime_error `[load_engine] …` when the library is not there or of another version,
/// and with the function's own line when that fails.
TraceReport run_trace(TraceRequest request);
TraceListReport run_trace_list(TraceListRequest request);
InspectReport run_inspect(InspectRequest request);
ConversionReport run_convert(Conversion request);
VerifyReport run_verify(VerifyRequest request);
ActiveFeaturesReport run_active_features(ActiveFeaturesRequest request);
Quality run_evaluate(EvaluateRequest request);
std::vector<GenerationReport> run_generate(GenerateRequest request);
InterventionReport run_intervene(InterveneRequest request);

}  // namespace circuit::cli
