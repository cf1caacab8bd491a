#include "tracer/cli/engine.h"
#include "tracer/cli/engine/run_guarded.h"
#include "tracer/inspect.h"
#include "tracer/version.h"

namespace circuit::cli {
namespace {

InspectReport inspect(const InspectRequest& request) {
  InspectReport report;
  if (!request.model.empty())
    report.model = describe_model(request.model, request.options.full_hash);
  if (!request.transcoders.empty()) {
    report.transcoders = describe_transcoders(request.transcoders, request.options);
  }
  if (report.model && report.transcoders) {
    report.misfit = find_misfit(*report.model, *report.transcoders);
  }
  if (!request.sae.empty()) report.sae = describe_sae(request.sae, request.options);
  if (report.model && report.sae && report.misfit.empty()) {
    report.misfit = find_misfit(*report.model, *report.sae);
  }
  return report;
}

}  // namespace
}  // namespace circuit::cli

const char* circuit_engine_version() { return circuit::kVersion; }

int circuit_engine_inspect(circuit::cli::InspectCall* call) {
  return circuit::cli::run_guarded(*call, "inspect", circuit::cli::inspect);
}
