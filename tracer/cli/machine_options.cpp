#include "tracer/cli/machine_options.h"

#include <array>
#include <stdexcept>

#include <CLI/CLI.hpp>

namespace circuit::cli {
namespace {

constexpr std::array<std::string_view, 3> kTypes = {"f32", "f64", "bf16"};  // as in ComputeType

}  // namespace

void add_machine_options(CLI::App& command, MachineOptions& options, bool with_dtype) {
  const std::string group = "Machine";
  if (with_dtype) {
    command
        .add_option("--dtype", options.dtype,
                    "Type to compute in: f32, bf16 (half the memory, coarse), f64")
        ->type_name("TYPE")
        ->capture_default_str()
        ->group(group);
  }
  command
      .add_option("--threads", options.threads,
                  "Threads; 0 = all cores. The result does not depend on it")
      ->capture_default_str()
      ->group(group);
  command.add_option("--device", options.device, "Where to compute: cpu")
      ->type_name("DEVICE")
      ->capture_default_str()
      ->group(group);
  command.add_flag("--quiet", options.quiet, "Show no progress")->group(group);
}

std::string_view name_of(ComputeType type) { return kTypes[static_cast<std::size_t>(type)]; }

ComputeType parse_compute_type(std::string_view name) {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i] == name) return static_cast<ComputeType>(i);
  }
  throw std::invalid_argument("dtype '" + std::string(name) + "', expected f32, bf16 or f64");
}

ComputeType check_machine_options(const MachineOptions& options) {
  constexpr int kMostThreads = 4096;
  if (options.threads < 0 || options.threads > kMostThreads) {
    throw std::invalid_argument("--threads is " + std::to_string(options.threads) +
                                ", expected 0 (all cores) to " + std::to_string(kMostThreads));
  }
  if (options.device != "cpu") {
    throw std::invalid_argument("--device is '" + options.device +
                                "', expected cpu: this build computes on the CPU only");
  }
  return parse_compute_type(options.dtype);
}

}  // namespace circuit::cli
