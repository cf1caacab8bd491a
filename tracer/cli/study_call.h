// What `study` asks of libcircuit_tracer (engine.h has the rules).
#pragma once

#include <cstdint>

#include "tracer/cli/engine.h"
#include "tracer/options.h"
#include "tracer/study/run_study.h"
#include "tracer/study/study_file.h"

namespace circuit::cli {

struct StudyRequest {
  LoadOptions load;
  StudyFile study;
  StudyRunOptions options;
  std::int64_t memory_bytes = std::int64_t{8} << 30;  ///< of the whole process
};

using StudyCall = EngineCall<StudyRequest, StudyRunReport>;

/// As the functions of engine_library.h.
StudyRunReport run_study_file(StudyRequest request);

}  // namespace circuit::cli

extern "C" {
int circuit_engine_study(circuit::cli::StudyCall* call);
}
