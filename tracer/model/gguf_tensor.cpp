#include "tracer/model/gguf_tensor.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>

#include <ATen/ATen.h>

#include "tracer/machine/threads.h"
#include "transcoders/tensor_view.h"
#include "transcoders/weights/dequantise.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

// Values that a task turns into floats before it stores them elsewhere: 16 KiB, which stay in the
// first cache while they are also checked and converted. A multiple of every block.
constexpr std::size_t kStep = 4096;
// Values of a task: enough that handing back the pages of their blocks costs nothing.
constexpr std::size_t kTask = 64 * kStep;

[[noreturn]] void fail(const GgufFile& file, std::string_view name, const std::string& what) {
  throw std::runtime_error("[load_model] " + file.path().string() + ": tensor " +
                           std::string(name) + " " + what);
}

const GgufTensorView& checked_view(const GgufFile& file, std::string_view name,
                                   std::span<const std::int64_t> shape) {
  if (!file.contains(name)) {
    throw std::runtime_error("[load_model] " + file.path().string() + ": no tensor " +
                             std::string(name));
  }
  const GgufTensorView& view = file.view(name);
  if (!std::ranges::equal(view.shape(), shape)) {
    fail(file, name, "is " + to_string(view.shape()) + ", expected " + to_string(shape));
  }
  if (!can_dequantise(view.type)) {
    fail(file, name, "is of type " + std::string(name_of(view.type)) + ", which is not supported");
  }
  return view;
}

// The type of a tensor that needs no decoding.
std::optional<Dtype> plain_type(GgmlType type) {
  if (type == GgmlType::kF32) return Dtype::kF32;
  if (type == GgmlType::kF64) return Dtype::kF64;
  if (type == GgmlType::kBF16) return Dtype::kBF16;
  return std::nullopt;
}

at::Tensor map_in_place(const GgufFile& file, const GgufTensorView& view, Dtype type) {
  const auto shape = view.shape();
  at::Tensor tensor = map_tensor(
      file.mapping(), {.dtype = type, .shape = {shape.begin(), shape.end()}, .bytes = view.bytes});
  if (const std::int64_t found = count_not_finite(tensor); found > 0) {
    fail(file, view.name, "holds " + std::to_string(found) + " values that are not finite");
  }
  release_pages(view.bytes);
  return tensor;
}

std::int64_t count_not_finite(std::span<const float> values) {
  std::int64_t found = 0;
  for (const float value : values) {
    constexpr std::uint32_t kExponent = 0x7F80'0000U;
    found +=
        static_cast<std::int64_t>((std::bit_cast<std::uint32_t>(value) & kExponent) == kExponent);
  }
  return found;
}

// Values [first, first + count) of the tensor into `target`, which is that tensor's whole memory;
// how many of them are not finite.
template <class T>
std::int64_t decode(const GgufTensorView& view, std::size_t first, std::size_t count, T* target) {
  const std::size_t in_block = block_elements(view.type);
  const std::size_t bytes = block_bytes(view.type);
  std::int64_t not_finite = 0;
  std::array<float, kStep> buffer;
  for (const std::size_t end = first + count; first < end; first += kStep) {
    const std::size_t size = std::min(kStep, end - first);
    const auto blocks = view.bytes.subspan(first / in_block * bytes, size / in_block * bytes);
    std::span<float> values = std::span(buffer).first(size);
    if constexpr (std::is_same_v<T, float>) values = {target + first, size};
    dequantise(view.type, blocks, values);
    not_finite += count_not_finite(values);
    if constexpr (!std::is_same_v<T, float>) std::ranges::copy(values, target + first);
  }
  return not_finite;
}

template <class T>
at::Tensor decode_all(const GgufFile& file, const GgufTensorView& view) {
  const at::Tensor tensor = at::empty(at::IntArrayRef(view.sizes.data(), view.n_axes),
                                      at::TensorOptions().dtype(c10::CppTypeToScalarType<T>()));
  auto* target = static_cast<T*>(tensor.data_ptr());
  const auto n_values = static_cast<std::size_t>(view.elements());
  const std::size_t in_block = block_elements(view.type);
  std::atomic<std::int64_t> not_finite = 0;
  parallel_tasks((n_values + kTask - 1) / kTask, [&](std::size_t task) {
    const std::size_t first = task * kTask;
    const std::size_t count = std::min(kTask, n_values - first);
    not_finite += decode<T>(view, first, count, target);
    const std::size_t bytes = block_bytes(view.type);
    release_pages(view.bytes.subspan(first / in_block * bytes, count / in_block * bytes));
  });
  release_pages(view.bytes);  // also the pages that tasks share
  if (not_finite > 0) {
    fail(file, view.name, "holds " + std::to_string(not_finite) + " values that are not finite");
  }
  return tensor;
}

}  // namespace

at::Tensor load_gguf_tensor(const GgufFile& file, std::string_view name,
                            std::span<const std::int64_t> shape, at::ScalarType dtype) {
  const GgufTensorView& view = checked_view(file, name, shape);
  const std::optional<Dtype> plain = plain_type(view.type);
  if (plain && scalar_type(*plain) == dtype) return map_in_place(file, view, *plain);
  switch (dtype) {
    case at::kFloat:
      return decode_all<float>(file, view);
    case at::kDouble:
      return decode_all<double>(file, view);
    case at::kBFloat16:
      return decode_all<at::BFloat16>(file, view);
    default:
      throw std::invalid_argument("[load_model] no such type to compute in");
  }
}

}  // namespace circuit
