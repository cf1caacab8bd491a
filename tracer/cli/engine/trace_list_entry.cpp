#include "tracer/cli/engine.h"
#include "tracer/cli/engine/list_tracer.h"
#include "tracer/cli/engine/run_guarded.h"
#include "tracer/processes/process_place.h"

namespace circuit::cli {
namespace {

TraceListReport trace_list(const TraceListRequest& request) {
  return ListTracer(request, find_process_place()).run();
}

}  // namespace
}  // namespace circuit::cli

int circuit_engine_trace_list(circuit::cli::TraceListCall* call) {
  return circuit::cli::run_guarded(*call, "trace", circuit::cli::trace_list);
}
