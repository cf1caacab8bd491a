// What works on a model with features, without a graph.
#include "tracer/cli/engine.h"
#include "tracer/cli/engine/run_guarded.h"
#include "tracer/explorer.h"

int circuit_engine_active_features(circuit::cli::ActiveFeaturesCall* call) {
  return circuit::cli::run_guarded(
      *call, "features active", [](const circuit::cli::ActiveFeaturesRequest& request) {
        return circuit::Explorer(request.load).active_features(request.prompt, request.options);
      });
}

int circuit_engine_evaluate(circuit::cli::EvaluateCall* call) {
  return circuit::cli::run_guarded(*call, "evaluate",
                                   [](const circuit::cli::EvaluateRequest& request) {
                                     return circuit::Explorer(request.load)
                                         .measure(request.texts, request.options, request.progress);
                                   });
}

int circuit_engine_generate(circuit::cli::GenerateCall* call) {
  return circuit::cli::run_guarded(
      *call, "generate", [](const circuit::cli::GenerateRequest& request) {
        const circuit::Explorer explorer(request.load);
        return request.write
                   ? std::vector{explorer.generate(request.prompts.front(), request.options,
                                                   request.write)}
                   : explorer.generate_batch(request.prompts, request.samples, request.options);
      });
}

int circuit_engine_intervene(circuit::cli::InterveneCall* call) {
  return circuit::cli::run_guarded(
      *call, "intervene", [](const circuit::cli::InterveneRequest& request) {
        return circuit::Explorer(request.load).intervene(request.prompt, request.options);
      });
}
