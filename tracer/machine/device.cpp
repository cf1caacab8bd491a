#include "tracer/machine/device.h"

#include <charconv>
#include <stdexcept>
#include <string_view>

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#ifdef CIRCUIT_TORCH_TELLS_MEMORY
#include <c10/core/CachingDeviceAllocator.h>
#endif

namespace circuit {
namespace {

[[noreturn]] void fail(const std::string& name, const std::string& what) {
  throw std::runtime_error("[device] " + name + ": " + what);
}

// Of `cuda` or `cuda:N`.
std::int64_t device_index(const std::string& name) {
  constexpr std::string_view kStart = "cuda:";
  std::int64_t index = name == "cuda" ? 0 : -1;
  if (name.starts_with(kStart)) {
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + kStart.size(), end, index);
    if (error != std::errc{} || stop != end) index = -1;
  }
  if (index < 0) {
    throw std::invalid_argument("[device] '" + name + "', expected cpu, cuda or cuda:N");
  }
  return index;
}

// Older versions of LibTorch have no such setting and sum as they please.
template <class Context>
void forbid_bf16_sums(Context& context) {
  if constexpr (requires { context.setAllowBF16ReductionCuBLAS(false); }) {
    context.setAllowBF16ReductionCuBLAS(false);
  }
}

}  // namespace

at::Device open_device(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  const std::int64_t index = device_index(name);
  // at::hasCUDA() also asks for a device.
  if (!c10::impl::hasDeviceGuardImpl(at::kCUDA)) {
    fail(name, "this LibTorch is built without CUDA, expected cpu");
  }
  const std::int64_t count = c10::impl::VirtualGuardImpl(at::kCUDA).deviceCount();
  if (count == 0) fail(name, "this LibTorch sees no CUDA device, expected cpu");
  if (index >= count) {
    fail(name, "this LibTorch sees " + std::to_string(count) + " device(s), expected cuda:0" +
                   (count > 1 ? " to cuda:" + std::to_string(count - 1) : ""));
  }
  return {at::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

void set_device_precision(bool tf32) {
  at::globalContext().setAllowTF32CuBLAS(tf32);
  forbid_bf16_sums(at::globalContext());
}

std::optional<DeviceMemory> device_memory([[maybe_unused]] at::Device device) {
#ifdef CIRCUIT_TORCH_TELLS_MEMORY
  auto* const allocator = dynamic_cast<c10::DeviceAllocator*>(
      device.is_cpu() ? nullptr : c10::GetAllocator(device.type()));
  if (allocator == nullptr || !allocator->initialized()) return std::nullopt;
  const auto stats = allocator->getDeviceStats(device.index());
  const auto free = static_cast<std::int64_t>(allocator->getMemoryInfo(device.index()).first);
  const auto& taken = stats.reserved_bytes[0];  // over all pools
  const std::int64_t held = stats.allocated_bytes[0].current;
  return DeviceMemory{.available = free + taken.current - held, .held = held, .peak = taken.peak};
#else
  return std::nullopt;
#endif
}

at::TensorOptions host_options(at::Device device, at::ScalarType type) {
  return at::TensorOptions().dtype(type).pinned_memory(device.is_cuda());
}

at::Tensor upload(const at::Tensor& tensor, at::Device device) {
  if (device == tensor.device()) return tensor;
  return (device.is_cuda() ? tensor.pin_memory() : tensor).to(device, /*non_blocking=*/true);
}

struct CopyLane::Stream {
  explicit Stream(at::Device on)
      : device(on), guard(on.type()), copies(guard.getStreamFromGlobalPool(on)) {}

  // What `second` is given from now on waits for what `first` has been given.
  void order(const c10::Stream& first, const c10::Stream& second) const {
    c10::Event done(device.type());
    done.record(first);
    done.block(second);
  }

  at::Device device;
  c10::impl::VirtualGuardImpl guard;
  c10::Stream copies;
};

CopyLane::CopyLane(at::Device device) {
  if (!device.is_cpu()) stream_ = std::make_unique<Stream>(device);
}

CopyLane::~CopyLane() {
  try {
    wait();
  } catch (const std::exception&) {
    // A device that failed has said so before, or will at the next call.
  }
}

CopyLane::CopyLane(CopyLane&&) noexcept = default;

void CopyLane::start(at::Tensor to, const at::Tensor& from) {
  if (!stream_) {
    to.copy_(from);
    return;
  }
  stream_->order(stream_->guard.getStream(stream_->device), stream_->copies);
  const c10::StreamGuard on(stream_->copies);
  to.copy_(from, /*non_blocking=*/true);
}

void CopyLane::let_device_wait() {
  if (stream_) stream_->order(stream_->copies, stream_->guard.getStream(stream_->device));
}

void CopyLane::wait() {
  if (stream_) stream_->copies.synchronize();
}

}  // namespace circuit
