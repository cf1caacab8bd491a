// How a subcommand that runs a model uses the machine: `--dtype`, `--threads`, `--device`,
// `--tf32`, `--quiet`.
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
  std::string device = LoadOptions{}.device;
  bool tf32 = LoadOptions{}.tf32;
  bool quiet = false;
};

/// All of them; `with_dtype` false leaves `--dtype` out.
void add_machine_options(CLI::App& command, MachineOptions& options, bool with_dtype = true);

/// The type that `--dtype` names. Throws std::invalid_argument for other names, for what no machine
/// could have as a device, and for numbers of threads.
ComputeType check_machine_options(const MachineOptions& options);

/// Checks them and fills in all of `load` but its folders.
void apply_machine_options(const MachineOptions& options, LoadOptions& load);

}  // namespace circuit::cli
