#include "tests/support/separate_device.h"

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/NativeFunctions.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <sys/mman.h>
#include <torch/library.h>

namespace circuit::testing {
namespace {

constexpr c10::DeviceType kType = c10::DeviceType::PrivateUse1;

// One at a time: a device does one thing after the other, whoever asks.
struct State {
  std::recursive_mutex mutex;
  std::map<const std::byte*, std::vector<std::byte>> memory;  // by forbidden address
  std::map<c10::StreamId, std::vector<std::function<void()>>> late;
  c10::StreamId last_stream = 0;
  SeparateDeviceUse use;
};

State& state() {
  static State one;
  return one;
}

thread_local c10::StreamId current_stream = 0;

void catch_up(c10::StreamId stream) {
  const std::lock_guard lock(state().mutex);
  for (const auto& copy : std::exchange(state().late[stream], {})) copy();
}

// --- memory -----------------------------------------------------------------------------------

void release(void* address) {
  if (address == nullptr) return;
  const std::lock_guard lock(state().mutex);
  const auto found = state().memory.find(static_cast<const std::byte*>(address));
  ::munmap(address, found->second.size());
  state().memory.erase(found);
}

struct ForbiddenMemory final : c10::Allocator {
  c10::DataPtr allocate(std::size_t bytes) const {
    const c10::Device device(kType, 0);
    if (bytes == 0) return {nullptr, nullptr, &release, device};
    void* address = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address == MAP_FAILED) throw std::runtime_error("no addresses left");
    const std::lock_guard lock(state().mutex);
    // Not zeros: what is read before it is written shows.
    state().memory[static_cast<std::byte*>(address)].assign(bytes, std::byte{0x7F});
    return {address, address, &release, device};
  }
  c10::DataPtr allocate(std::size_t bytes) {
    return static_cast<const ForbiddenMemory&>(*this).allocate(bytes);
  }
  void copy_data(void*, const void*, std::size_t) const { throw std::runtime_error("not used"); }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
};

ForbiddenMemory forbidden_memory;

bool is_ours(const at::Tensor& tensor) {
  return tensor.defined() && tensor.device().type() == kType;
}

// A CPU tensor over the memory behind the forbidden address.
at::Tensor behind(const at::Tensor& tensor) {
  const auto options = at::TensorOptions().dtype(tensor.dtype());
  if (tensor.numel() == 0) return at::empty(tensor.sizes(), options);
  const std::lock_guard lock(state().mutex);
  const auto* base = static_cast<const std::byte*>(tensor.storage().data_ptr().get());
  std::byte* data = state().memory.at(base).data() +
                    static_cast<std::size_t>(tensor.storage_offset()) * tensor.element_size();
  return at::from_blob(data, tensor.sizes(), tensor.strides(), options);
}

at::Tensor ours(const at::Tensor& from) {
  at::Tensor result =
      at::empty(from.sizes(), at::TensorOptions().dtype(from.dtype()).device(kType));
  behind(result).copy_(from);
  return result;
}

// --- operations -------------------------------------------------------------------------------

at::Tensor empty(at::IntArrayRef size, c10::optional<at::ScalarType> type,
                 c10::optional<at::Layout>, c10::optional<at::Device>, c10::optional<bool>,
                 c10::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(size, &forbidden_memory,
                                   c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                   type.value_or(at::kFloat), format);
}

at::Tensor empty_strided(at::IntArrayRef size, at::IntArrayRef stride,
                         c10::optional<at::ScalarType> type, c10::optional<at::Layout>,
                         c10::optional<at::Device>, c10::optional<bool>) {
  return at::detail::empty_strided_generic(size, stride, &forbidden_memory,
                                           c10::DispatchKeySet(c10::DispatchKey::PrivateUse1),
                                           type.value_or(at::kFloat));
}

at::Tensor as_strided(const at::Tensor& self, at::IntArrayRef size, at::IntArrayRef stride,
                      c10::optional<std::int64_t> offset) {
  return at::native::as_strided_tensorimpl(self, size, stride, offset);
}
at::Tensor reshape_alias(const at::Tensor& self, at::IntArrayRef size, at::IntArrayRef stride) {
  return at::native::as_strided_tensorimpl(self, size, stride, c10::nullopt);
}
at::Tensor view(const at::Tensor& self, at::IntArrayRef size) {
  return at::native::view(self, size);
}

at::Tensor copy_from(const at::Tensor& self, const at::Tensor& to, bool non_blocking) {
  const auto copy = [self, to] {
    const at::Tensor target = is_ours(to) ? behind(to) : to;
    target.copy_(is_ours(self) ? behind(self) : self);
  };
  const std::lock_guard lock(state().mutex);
  if (non_blocking && current_stream != 0) {
    state().late[current_stream].push_back(copy);
    ++state().use.late_copies;
  } else {
    copy();
  }
  return to;
}

class Arguments {
 public:
  explicit Arguments(const std::string& operation) : operation_(operation) {}

  at::Tensor behind_curtain(const at::Tensor& tensor) {
    if (!tensor.defined()) return tensor;
    if (!is_ours(tensor)) {
      if (tensor.dim() > 0) throw std::runtime_error(operation_ + " mixes devices");
      return tensor;
    }
    pairs_.emplace_back(behind(tensor), tensor);
    return pairs_.back().first;
  }
  c10::IValue convert(const c10::IValue& value) {
    if (value.isTensor()) return behind_curtain(value.toTensor());
    if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& one : value.toTensorVector()) list.push_back(behind_curtain(one));
      return list;
    }
    if (value.isOptionalTensorList()) {
      c10::List<c10::optional<at::Tensor>> list;
      for (const c10::optional<at::Tensor>& one : value.toOptionalTensorList()) {
        list.push_back(one ? c10::optional<at::Tensor>(behind_curtain(*one)) : one);
      }
      return list;
    }
    if (value.isDevice()) return c10::Device(c10::kCPU);
    return value;
  }
  // Results that were given empty have grown.
  void grow() {
    for (const auto& [inner, outer] : pairs_) {
      if (inner.sizes() == outer.sizes()) continue;
      const at::Tensor grown = ours(inner);
      outer.unsafeGetTensorImpl()->set_storage_keep_dtype(grown.storage());
      outer.unsafeGetTensorImpl()->set_sizes_and_strides(grown.sizes(), grown.strides());
    }
  }
  // The caller's own tensor where an operation gives back an argument.
  at::Tensor result(const at::Tensor& tensor) const {
    for (const auto& [inner, outer] : pairs_) {
      if (inner.is_same(tensor)) return outer;
    }
    return tensor.defined() ? ours(tensor) : tensor;
  }

 private:
  std::string operation_;
  std::vector<std::pair<at::Tensor, at::Tensor>> pairs_;
};

void compute(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
  const std::lock_guard lock(state().mutex);
  ++state().use.operations;
  Arguments arguments(operation.schema().name());
  const std::size_t first = stack->size() - operation.schema().arguments().size();
  for (std::size_t i = first; i < stack->size(); ++i) {
    (*stack)[i] = arguments.convert((*stack)[i]);
  }
  operation.callBoxed(stack);
  arguments.grow();
  for (std::size_t i = first; i < stack->size(); ++i) {
    if ((*stack)[i].isTensor()) (*stack)[i] = arguments.result((*stack)[i].toTensor());
  }
}

// --- streams ----------------------------------------------------------------------------------

// An event is the stream that it was recorded on. Stream 0 never lags behind.
struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device) const override { return getDevice(); }
  c10::Device getDevice() const override { return {kType, 0}; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  static c10::Stream stream(c10::StreamId id) {
    return c10::Stream(c10::Stream::UNSAFE, c10::Device(kType, 0), id);
  }
  c10::Stream getStream(c10::Device) const noexcept override { return stream(current_stream); }
  c10::Stream getStreamFromGlobalPool(c10::Device, bool) const override {
    return stream(++state().last_stream);
  }
  c10::Stream exchangeStream(c10::Stream to) const noexcept override {
    return stream(std::exchange(current_stream, to.id()));
  }
  void record(void** event, const c10::Stream& on, c10::DeviceIndex,
              c10::EventFlag) const override {
    *event = reinterpret_cast<void*>(static_cast<std::intptr_t>(on.id()));
  }
  void block(void* event, const c10::Stream&) const override {
    catch_up(static_cast<c10::StreamId>(reinterpret_cast<std::intptr_t>(event)));
  }
  void synchronizeStream(const c10::Stream& on) const override { catch_up(on.id()); }
};

// What LibTorch needs to know of a device; taken back at the end of the program.
struct Registration {
  Registration() {
    c10::SetAllocator(kType, &forbidden_memory);
    operations.impl("empty.memory_format", &empty);
    operations.impl("empty_strided", &empty_strided);
    operations.impl("as_strided", &as_strided);
    operations.impl("_reshape_alias", &reshape_alias);
    operations.impl("view", &view);
    operations.impl("_copy_from", &copy_from);
    others.fallback(torch::CppFunction::makeFromBoxedFunction<&compute>());
  }

  c10::impl::DeviceGuardImplRegistrar guard{kType, new Guard};
  torch::Library operations = MAKE_TORCH_LIBRARY_IMPL(aten, PrivateUse1);
  torch::Library others = MAKE_TORCH_LIBRARY_IMPL(_, PrivateUse1);
};

}  // namespace

at::Device separate_device() {
  static const Registration registration;
  return {kType, 0};
}

SeparateDeviceUse separate_device_use() {
  const std::lock_guard lock(state().mutex);
  return state().use;
}

}  // namespace circuit::testing
