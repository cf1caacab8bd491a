#include "export/file/graph_file.h"
#include "tracer/cli/engine.h"
#include "tracer/cli/engine/run_guarded.h"
#include "tracer/tracer.h"

namespace circuit::cli {
namespace {

VerifyReport verify(const VerifyRequest& request) {
  const GraphFile file = read_graph_file(request.graph);
  const Tracer tracer(request.load);
  VerifyReport report = {.closure_error = file.graph.closure_error(),
                         .predictions = tracer.verify(file.graph, request.samples, request.seed)};
  if (request.validity_features > 0) {
    report.validity = tracer.measure_validity(file.graph, request.validity_features, request.seed);
  }
  return report;
}

}  // namespace
}  // namespace circuit::cli

int circuit_engine_verify(circuit::cli::VerifyCall* call) {
  return circuit::cli::run_guarded(*call, "verify", circuit::cli::verify);
}
