#include "tracer/cli/warnings.h"

#include <iostream>

namespace circuit::cli {

void print_warnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    std::cerr << "circuit: warning: " << warning << std::endl;
  }
}

}  // namespace circuit::cli
