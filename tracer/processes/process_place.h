// Which of how many processes this one is, as torchrun, mpirun and srun say in the environment.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace circuit {

struct ProcessPlace {
  int rank = 0;   ///< 0 … world - 1
  int world = 1;  ///< 1 = alone
  /// Where process 0 serves what the processes share.
  std::string address = "127.0.0.1";
  std::uint16_t port = 29500;
};

/// The value of a variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

/// RANK and WORLD_SIZE, else OMPI_COMM_WORLD_RANK and OMPI_COMM_WORLD_SIZE, else SLURM_PROCID and
/// SLURM_NTASKS; MASTER_ADDR and MASTER_PORT, or the port after it where torchrun itself has taken
/// that (TORCHELASTIC_USE_AGENT_STORE). Without the former, this process is alone. Throws
/// std::runtime_error `[processes] …` for values that make no sense.
ProcessPlace find_process_place(const Environment& environment);
/// In the environment of this process.
ProcessPlace find_process_place();

}  // namespace circuit
