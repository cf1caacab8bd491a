// Ends the process when more of the heap is held than an input allows.
#pragma once

#include <cstddef>

namespace circuit::fuzz {

/// While it lives, what is held beyond what was held before may be `most` bytes. With the address
/// sanitizer all of malloc counts, without it what operator new gave. One at a time; for one
/// thread.
class HeldMemoryLimit {
 public:
  explicit HeldMemoryLimit(std::size_t most);
  ~HeldMemoryLimit();
  HeldMemoryLimit(const HeldMemoryLimit&) = delete;
  HeldMemoryLimit& operator=(const HeldMemoryLimit&) = delete;
};

}  // namespace circuit::fuzz
