// How a subcommand that runs a model uses the machine: `--dtype`, `--threads`, `--device`,
// `--quiet`.
#pragma once

#include <string>
#include <string_view>

#include "tracer/options.h"

namespace CLI {
class App;
}

namespace circuit::cli {

/// `f32`, `f64` or `bf16`, as options and graph files write it.
std::string_view name_of(ComputeType type);
/// Throws std::invalid_argument for other names.
ComputeType parse_compute_type(std::string_view name);

struct MachineOptions {
  std::string dtype = std::string(name_of(LoadOptions{}.dtype));
  int threads = LoadOptions{}.threads;
  std::string device = "cpu";
  bool quiet = false;
};

/// All of them; `with_dtype` false leaves `--dtype` out.
void add_machine_options(CLI::App& command, MachineOptions& options, bool with_dtype = true);

/// The type that `--dtype` names. Throws std::invalid_argument for other names, devices and
/// numbers of threads.
ComputeType check_machine_options(const MachineOptions& options);

}  // namespace circuit::cli
