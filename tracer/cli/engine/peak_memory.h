// How much memory the process has held at most.
#pragma once

#include <cstdint>

namespace circuit::cli {

/// The kernel's VmHWM in bytes; 0 when it does not say.
std::int64_t peak_memory_bytes();

}  // namespace circuit::cli
