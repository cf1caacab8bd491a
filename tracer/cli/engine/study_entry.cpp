#include "tracer/cli/engine/run_guarded.h"
#include "tracer/cli/study_call.h"
#include "tracer/loaded_study_model.h"

int circuit_engine_study(circuit::cli::StudyCall* call) {
  return circuit::cli::run_guarded(*call, "study", [](const circuit::cli::StudyRequest& request) {
    const auto model = circuit::open_study_model(request.load, request.memory_bytes,
                                                 request.study.trace.zero_positions);
    return circuit::run_study(request.study, *model, request.options);
  });
}
