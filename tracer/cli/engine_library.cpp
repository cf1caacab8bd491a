#include "tracer/cli/engine_library.h"

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <dlfcn.h>

#include "tracer/cli/attention_call.h"
#include "tracer/cli/failure.h"
#include "tracer/cli/faithfulness_call.h"
#include "tracer/cli/group_quality_call.h"
#include "tracer/cli/program_folder.h"
#include "tracer/cli/study_call.h"
#include "tracer/version.h"

namespace circuit::cli {
namespace {

constexpr const char* kFileName = "libcircuit_tracer.so";

std::filesystem::path find_library() {
  const std::filesystem::path folder = program_folder();
  const std::filesystem::path beside = folder / kFileName;
  const std::filesystem::path installed = (folder / "../lib" / kFileName).lexically_normal();
  if (std::filesystem::exists(beside)) return beside;
  if (std::filesystem::exists(installed)) return installed;
  throw std::runtime_error("[load_engine] " + beside.string() + ": no such file, nor " +
                           installed.string() + "; expected the library of this program");
}

template <typename Function>
Function* find_function(void* library, const std::filesystem::path& path, const char* name) {
  void* const address = ::dlsym(library, name);
  if (address != nullptr) return reinterpret_cast<Function*>(address);
  throw std::runtime_error("[load_engine] " + path.string() + ": has no function " + name +
                           ", expected the library of this program");
}

// Never closed: LibTorch's threads and destructors live until the process ends. Binding functions
// when they are first called spares 27,000 of 42,000 symbol searches, 0.02 s (docs/performance.md);
// none can be missing, because the library is linked with --no-undefined.
void* open_library(const std::filesystem::path& path) {
  // OpenBLAS starts its threads when it is loaded, and they spin for 0.1 s before they sleep.
  ::setenv("OPENBLAS_NUM_THREADS", "1", /*overwrite=*/1);
  void* const library = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    const char* const reason = ::dlerror();
    throw std::runtime_error("[load_engine] " +
                             single_line(reason != nullptr ? reason : path.string()));
  }
  const std::string version =
      find_function<decltype(circuit_engine_version)>(library, path, "circuit_engine_version")();
  if (version != kVersion) {
    throw std::runtime_error("[load_engine] " + path.string() + ": is of version " + version +
                             ", expected " + kVersion);
  }
  return library;
}

template <typename Call>
auto run(const char* name, decltype(Call::request) request) {
  const std::filesystem::path path = find_library();
  void* const library = open_library(path);
  Call call{.request = std::move(request), .report = {}, .error = {}};
  if (find_function<int(Call*)>(library, path, name)(&call) != 0) {
    throw std::runtime_error(call.error);
  }
  return std::move(call.report);
}

}  // namespace

TraceReport run_trace(TraceRequest request) {
  return run<TraceCall>("circuit_engine_trace", std::move(request));
}

TraceListReport run_trace_list(TraceListRequest request) {
  return run<TraceListCall>("circuit_engine_trace_list", std::move(request));
}

InspectReport run_inspect(InspectRequest request) {
  return run<InspectCall>("circuit_engine_inspect", std::move(request));
}

ConversionReport run_convert(Conversion request) {
  return run<ConvertCall>("circuit_engine_convert", std::move(request));
}

VerifyReport run_verify(VerifyRequest request) {
  return run<VerifyCall>("circuit_engine_verify", std::move(request));
}

ActiveFeaturesReport run_active_features(ActiveFeaturesRequest request) {
  return run<ActiveFeaturesCall>("circuit_engine_active_features", std::move(request));
}

Quality run_evaluate(EvaluateRequest request) {
  return run<EvaluateCall>("circuit_engine_evaluate", std::move(request));
}

std::vector<GenerationReport> run_generate(GenerateRequest request) {
  return run<GenerateCall>("circuit_engine_generate", std::move(request));
}

InterventionReport run_intervene(InterveneRequest request) {
  return run<InterveneCall>("circuit_engine_intervene", std::move(request));
}

AttentionReport run_attention(AttentionRequest request) {
  return run<AttentionCall>("circuit_engine_attention", std::move(request));
}

StudyRunReport run_study_file(StudyRequest request) {
  return run<StudyCall>("circuit_engine_study", std::move(request));
}

FaithfulnessReport run_faithfulness(FaithfulnessRequest request) {
  return run<FaithfulnessCall>("circuit_engine_faithfulness", std::move(request));
}

GroupQualityReport run_group_quality(GroupQualityRequest request) {
  return run<GroupQualityCall>("circuit_engine_group_quality", std::move(request));
}

}  // namespace circuit::cli
