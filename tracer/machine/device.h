// The device that a trace computes on: what `--device` names, what memory it has, and copies that
// run beside its computation. Of the code behind it only this file tells a GPU from a CPU; CUDA is
// reached through LibTorch's device-neutral interfaces, so that one source fits every LibTorch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <ATen/core/Tensor.h>

namespace circuit {

/// `cpu`, `cuda` (the first one) or `cuda:N`. Throws std::invalid_argument `[device] …` for any
/// other text, std::runtime_error `[device] …` when this LibTorch or machine has no such device.
at::Device open_device(const std::string& name);

/// What CUDA products may do, for the whole process: with `tf32`, f32 products round their inputs
/// to TF32 (10 bits); sums of bf16 products stay in float in any case.
void set_device_precision(bool tf32);

/// Bytes of a device's memory.
struct DeviceMemory {
  std::int64_t available = 0;  ///< that this process may still take
  std::int64_t held = 0;       ///< by tensors of this process
  std::int64_t peak = 0;       ///< taken by this process at most, unused parts included
};

/// Nothing for the CPU, and where LibTorch is too old to tell (before 2.9).
std::optional<DeviceMemory> device_memory(at::Device device);

/// For host memory that copies to and from `device` need not wait for (pinned): of CPU tensors of
/// `type`.
at::TensorOptions host_options(at::Device device, at::ScalarType type);

/// A small host tensor on `device`, without waiting for it.
at::Tensor upload(const at::Tensor& tensor, at::Device device);

/// Copies that run beside the computation, one after the other. On the CPU they are done at once.
class CopyLane {
 public:
  explicit CopyLane(at::Device device);
  ~CopyLane();  ///< waits
  CopyLane(CopyLane&&) noexcept;

  /// Copies `from` to `to`, one on the device and the other made with `host_options`, after all
  /// that the device has been given so far. Both must stay as they are until `wait`.
  void start(at::Tensor to, const at::Tensor& from);
  /// What the device is given from now on begins after the copies that were started.
  void let_device_wait();
  /// Returns when they are done.
  void wait();

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;  ///< none for the CPU
};

}  // namespace circuit
