// A device of our own for tests where no GPU is: its memory cannot be read or written from outside,
// its tensors cannot be mixed with the CPU's, and copies on its side streams happen as late as they
// may. It computes on the CPU behind the curtain. What runs on it makes none of the mistakes that a
// GPU would punish; how fast a GPU is and how it rounds, it does not show.
#pragma once

#include <ATen/core/Tensor.h>

namespace circuit::testing {

/// Its one instance; the first call makes it known to LibTorch.
at::Device separate_device();

/// How many copies have been put off so far, and how many operations were computed.
struct SeparateDeviceUse {
  int late_copies = 0;
  int operations = 0;
};
SeparateDeviceUse separate_device_use();

}  // namespace circuit::testing
