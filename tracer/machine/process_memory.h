// How much physical memory this process holds.
#pragma once

#include <cstdint>

namespace circuit {

/// Now, in bytes (the kernel's VmRSS: mapped weights count while their pages are in); 0 = unknown.
std::int64_t resident_memory_bytes();

/// At most so far (the kernel's VmHWM); 0 = unknown.
std::int64_t peak_memory_bytes();

}  // namespace circuit
