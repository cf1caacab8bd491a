// circuit_bench: times the stages of a trace, each after its result was checked, beside the rate of
// matrix products in the same run.
//
//   circuit_bench                                    random weights in the shape of SmolLM2-135M
//   circuit_bench --cross-layer --tokens 60
//   circuit_bench --model DIR --transcoders DIR --prompt-file FILE --max-features 4096

#include <cstdio>
#include <exception>

#include <ATen/ATen.h>
#include <CLI/CLI.hpp>
#include <c10/core/InferenceMode.h>

#include "tests/bench/cases.h"
#include "tests/bench/gemm_rate.h"
#include "tracer/machine/threads.h"

namespace {

using circuit::bench::GemmRate;
using circuit::bench::Measurement;

void print(const Measurement& result, const GemmRate& gemm) {
  const double rate = result.gflop / result.median_seconds;
  std::printf("%-12s %9.4f s %10.2f %9.1f %6.0f %% %8.1f %8.2f  %s\n", result.name.c_str(),
              result.median_seconds, result.gflop, rate, 100.0 * rate / gemm.gflops,
              result.gigabytes / result.median_seconds, result.peak_gib, result.check.c_str());
}

int run(int argc, char** argv) {
  CLI::App app("Times the stages of a trace");
  circuit::bench::SetupOptions setup_options;
  circuit::bench::CaseOptions options;
  std::string only;
  int threads = 0;
  app.add_option("--model", setup_options.model, "Model directory; default: random weights");
  app.add_option("--transcoders", setup_options.transcoders, "Transcoder directory");
  app.add_option("--prompt-file", setup_options.prompt_file, "With --model; else random tokens");
  app.add_option("--tokens", setup_options.tokens, "Length of a random prompt")
      ->capture_default_str();
  app.add_option("--layers", setup_options.layers, "Layers of a random model")
      ->capture_default_str();
  app.add_flag("--cross-layer", setup_options.cross_layer, "Random transcoders of that kind");
  app.add_flag("--tiny", setup_options.tiny, "A random model of a few thousand weights");
  app.add_option("--case", only, "forward, encode, backward, contraction, rows or attribute");
  app.add_option("--repeat", options.repeat, "Median of so many")->capture_default_str();
  app.add_option("--max-features", options.max_features, "0 = all")->capture_default_str();
  app.add_option("--threads", threads, "0 = all cores")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const c10::InferenceMode inference;
  const circuit::ThreadScope scope(threads);
  const GemmRate before = circuit::bench::gemm_rate(setup_options.tiny ? 1 : 9);
  const circuit::bench::Setup setup(setup_options);
  std::printf("%s, %zu tokens, %zu threads\n", setup.name.c_str(), setup.ids.size(),
              circuit::worker_count());
  std::printf("%-12s %11s %10s %9s %8s %8s %8s  %s\n", "case", "median", "GFLOP", "GFLOP/s",
              "of GEMM", "GB/s", "peak GiB", "checked against");
  for (const Measurement& result : run_cases(setup, options, only)) print(result, before);
  const GemmRate after = circuit::bench::gemm_rate(setup_options.tiny ? 1 : 9);
  std::printf("GEMM: %.0f GFLOP/s before, %.0f after (%s)\n", before.gflops, after.gflops,
              before.library.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "circuit_bench: %s\n", error.what());
    return 1;
  }
}
