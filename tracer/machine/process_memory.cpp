#include "tracer/machine/process_memory.h"

#include <fstream>
#include <string>
#include <string_view>

namespace circuit {
namespace {

std::int64_t status_bytes(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::int64_t kibibytes = 0;
    if (word == field && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

}  // namespace

std::int64_t resident_memory_bytes() { return status_bytes("VmRSS:"); }

std::int64_t peak_memory_bytes() { return status_bytes("VmHWM:"); }

}  // namespace circuit
