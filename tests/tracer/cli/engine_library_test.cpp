// When the program opens libcircuit_tracer, and with it LibTorch: only for a model.
#include "tracer/cli/engine_library.h"

#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/temp_dir.h"
#include "tests/tracer/cli/program.h"

namespace circuit::cli::testing {
namespace {

using circuit::testing::TempDir;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

using Arguments = std::vector<std::string>;

constexpr const char* kTorchIsInitialised = "calling init: [^\n]*libtorch_cpu";

/// What the dynamic loader says of every file that the program opens.
std::string loader_log(const Arguments& arguments, const std::filesystem::path& directory) {
  Arguments all = {"env", "LD_DEBUG=files", CIRCUIT_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const ChildResult result = circuit::testing::run_child(all, {.directory = directory});
  EXPECT_EQ(result.exit_code, 0) << ::testing::PrintToString(arguments);
  EXPECT_THAT(result.errors, HasSubstr("libstdc++"));
  return result.errors;
}

Arguments trace_of_demo(const std::string& format) {
  return {"trace",     "--prompt", "le contraire de petit est",
          "--name",    "small",    "--format",
          format,      "--quiet",  "--save-graph",
          "--threads", "1"};
}

double cpu_seconds_of_children() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

TEST(EngineLibrary, IsOpenedOnlyForAModel) {
  const TempDir folder;
  EXPECT_THAT(loader_log(trace_of_demo("json"), folder.path()), ContainsRegex(kTorchIsInitialised));
  const std::string graph = "small.graph.safetensors";
  for (const Arguments& arguments : std::vector<Arguments>{
           {"--help"},
           {"--version"},
           {"trace", "--help"},
           {"prune", graph, "--name", "pruned"},
           {"export", graph, "--format", "json,dot,svg,png,graphml", "--name", "again"},
           {"score", graph},
           {"inspect", graph},
           {"tokenize", "--text", "le contraire de petit est"}}) {
    const std::string log = loader_log(arguments, folder.path());
    EXPECT_THAT(log, Not(HasSubstr("libcircuit_tracer"))) << ::testing::PrintToString(arguments);
    EXPECT_THAT(log, Not(HasSubstr("libtorch"))) << ::testing::PrintToString(arguments);
  }
}

#ifdef NDEBUG
TEST(EngineLibrary, IsNotTakenDownAtTheEnd) {
  const TempDir folder;
  const std::string log = loader_log(trace_of_demo("json"), folder.path());
  EXPECT_THAT(log, ContainsRegex(kTorchIsInitialised));
  EXPECT_THAT(log, Not(HasSubstr("calling fini: ")));
}
#endif

// Threads of the BLAS that only wait for work would show: they spin.
TEST(EngineLibrary, TakesOneCoreWithOneThread) {
  const TempDir folder;
  const double cpu_before = cpu_seconds_of_children();
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(run_circuit(trace_of_demo("json"), {.directory = folder.path()}).exit_code, 0);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - started;
  EXPECT_LT((cpu_seconds_of_children() - cpu_before) / wall.count(), 1.1);
}

}  // namespace
}  // namespace circuit::cli::testing
