#include "tracer/cli/program_folder.h"

#include <stdexcept>
#include <system_error>

namespace circuit::cli {

std::filesystem::path program_folder() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) {
    throw std::runtime_error("[program_folder] /proc/self/exe: cannot be read (" + error.message() +
                             ")");
  }
  return program.parent_path();
}

}  // namespace circuit::cli
