#include "tracer/cli/machine_options.h"

#include <array>
#include <stdexcept>

#include <CLI/CLI.hpp>

namespace circuit::cli {
namespace {

constexpr std::array<std::string_view, 3> kTypes = {"f32", "f64", "bf16"};  // as in ComputeType

bool names_device(std::string_view name) {
  if (name == "cpu" || name == "cuda") return true;
  constexpr std::string_view kStart = "cuda:";
  constexpr std::size_t kMostDigits = 4;
  if (!name.starts_with(kStart)) return false;
  const std::string_view index = name.substr(kStart.size());
  return !index.empty() && index.size() <= kMostDigits &&
         index.find_first_not_of("0123456789") == std::string_view::npos;
}

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
  command.add_option("--device", options.device, "Where to compute: cpu, cuda, cuda:N")
      ->type_name("DEVICE")
      ->capture_default_str()
      ->group(group);
  command
      .add_flag("--tf32", options.tf32,
                "On CUDA: f32 products round their inputs to TF32, faster and coarser")
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
  if (!names_device(options.device)) {
    throw std::invalid_argument("--device is '" + options.device +
                                "', expected cpu, cuda or cuda:N");
  }
  if (options.tf32 && options.device == "cpu") {
    throw std::invalid_argument("--tf32 with --device cpu, expected --device cuda");
  }
  return parse_compute_type(options.dtype);
}

void apply_machine_options(const MachineOptions& options, LoadOptions& load) {
  load.dtype = check_machine_options(options);
  load.threads = options.threads;
  load.device = options.device;
  load.tf32 = options.tf32;
}

}  // namespace circuit::cli
