// What works on a model with features, without a graph.
#include <stdexcept>

#include "tracer/cli/engine.h"
#include "tracer/cli/engine/run_guarded.h"
#include "tracer/explorer.h"

namespace circuit::cli {
namespace {

// Supernodes mean the features of the transcoders that they were made with.
void require_hash(const Explorer& explorer, const std::string& expected) {
  if (expected.empty()) return;
  const std::string found = explorer.features_hash();
  if (found == expected) return;
  throw std::runtime_error("[supernodes] made with transcoders of hash '" + expected +
                           "', those given have '" + found +
                           "', expected the same (--force takes them anyway)");
}

}  // namespace
}  // namespace circuit::cli

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
        circuit::cli::require_hash(explorer, request.transcoders_hash);
        return request.write
                   ? std::vector{explorer.generate(request.prompts.front(), request.options,
                                                   request.write)}
                   : explorer.generate_batch(request.prompts, request.samples, request.options);
      });
}

int circuit_engine_intervene(circuit::cli::InterveneCall* call) {
  return circuit::cli::run_guarded(*call, "intervene",
                                   [](const circuit::cli::InterveneRequest& request) {
                                     const circuit::Explorer explorer(request.load);
                                     circuit::cli::require_hash(explorer, request.transcoders_hash);
                                     return explorer.intervene(request.prompt, request.options);
                                   });
}
