#include "tracer/cli/standard_output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

namespace circuit::cli {

void print(std::string_view text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (written && std::fflush(stdout) == 0) return;
  throw std::runtime_error(std::string("[print] standard output: cannot be written (") +
                           std::strerror(errno) + ")");
}

}  // namespace circuit::cli
