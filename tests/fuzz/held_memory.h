// Ends the process when more of the heap is held, or taken at once, than an input allows.
#pragma once

#include <cstddef>

namespace circuit::fuzz {

/// While it lives, what is held beyond what was held before may be `most` bytes, and no single
/// allocation more than `largest`. With the address sanitizer all of malloc counts, without it what
/// operator new gave. One at a time; for one thread.
class HeldMemoryLimit {
 public:
  HeldMemoryLimit(std::size_t most, std::size_t largest);
  ~HeldMemoryLimit();
  HeldMemoryLimit(const HeldMemoryLimit&) = delete;
  HeldMemoryLimit& operator=(const HeldMemoryLimit&) = delete;
};

}  // namespace circuit::fuzz
