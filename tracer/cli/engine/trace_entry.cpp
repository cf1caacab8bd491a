#include <utility>

#include "tracer/cli/engine.h"
#include "tracer/cli/engine/finish_trace.h"
#include "tracer/cli/engine/load_warnings.h"
#include "tracer/cli/engine/run_guarded.h"
#include "tracer/cli/engine/timed.h"

namespace circuit::cli {
namespace {

TraceReport trace(const TraceRequest& request) {
  std::map<std::string, double> seconds;
  const Tracer tracer = timed(seconds, "load", [&] { return Tracer(request.load); });
  warn_of_other_model(request, tracer);
  FirstTokenWarning(request.load.model).check(request.prompt, "--token-ids begin", request.warn);
  Trace traced = tracer.trace(request.prompt, request.attribution, request.progress);
  TraceReport report = finish_trace(request, tracer, std::move(traced), GraphIndex::kRebuild);
  report.seconds.merge(seconds);
  return report;
}

}  // namespace
}  // namespace circuit::cli

int circuit_engine_trace(circuit::cli::TraceCall* call) {
  return circuit::cli::run_guarded(*call, "trace", circuit::cli::trace);
}
