#include "tracer/cli/engine.h"
#include "tracer/cli/engine/run_guarded.h"
#include "tracer/convert.h"

int circuit_engine_convert(circuit::cli::ConvertCall* call) {
  return circuit::cli::run_guarded(*call, "convert", circuit::convert);
}
