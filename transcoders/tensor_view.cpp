#include "transcoders/tensor_view.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <sys/mman.h>
#include <unistd.h>

namespace circuit {
namespace {

[[noreturn]] void fail(std::string_view operation, const WeightFile& file,
                       const std::string& what) {
  throw std::runtime_error("[" + std::string(operation) + "] " + file.path().string() + ": " +
                           what);
}

/// -1 = any size.
std::string expected_text(std::span<const std::int64_t> shape) {
  std::string text;
  for (const std::int64_t size : shape) {
    text += (text.empty() ? "" : ", ") + (size < 0 ? std::string("any") : std::to_string(size));
  }
  return "[" + text + "]";
}

bool is_aligned(const TensorView& view) {
  return reinterpret_cast<std::uintptr_t>(view.bytes.data()) % size_of(view.dtype) == 0;
}

std::vector<std::int64_t> strides_of(const std::vector<std::int64_t>& shape, bool column_major) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  if (column_major) {
    for (std::size_t i = 1; i < shape.size(); ++i) {
      strides[i] = strides[i - 1] * std::max<std::int64_t>(shape[i - 1], 1);
    }
    return strides;
  }
  for (std::size_t i = shape.size(); i > 1; --i) {
    strides[i - 2] = strides[i - 1] * std::max<std::int64_t>(shape[i - 1], 1);
  }
  return strides;
}

/// An all-ones exponent means infinite or NaN. No temporary, unlike at::isfinite: encoders have
/// hundreds of megabytes.
template <typename Bits>
std::int64_t count_with_exponent(const at::Tensor& tensor, Bits exponent) {
  const auto* bytes = static_cast<const std::byte*>(tensor.data_ptr());
  const std::int64_t n_values = tensor.numel();
  std::int64_t found = 0;
  for (std::int64_t i = 0; i < n_values; ++i) {
    Bits bits = 0;
    std::memcpy(&bits, bytes + static_cast<std::size_t>(i) * sizeof bits, sizeof bits);
    found += static_cast<std::int64_t>((bits & exponent) == exponent);
  }
  return found;
}

void check_indices(std::string_view operation, std::string_view name, std::int64_t count,
                   const char* unit, const at::Tensor& rows) {
  const auto refuse = [&](const std::string& what) {
    throw std::invalid_argument("[" + std::string(operation) + "] " + what);
  };
  if (rows.dim() != 1) refuse("indices are " + to_string(rows.sizes()) + ", expected [any]");
  if (rows.numel() == 0) return;
  const auto smallest = rows.min().item<std::int64_t>();
  const auto largest = rows.max().item<std::int64_t>();
  if (smallest >= 0 && largest < count) return;
  refuse("index " + std::to_string(smallest < 0 ? smallest : largest) + ", tensor " +
         std::string(name) + " has " + std::to_string(count) + " " + unit);
}

// Storage of mapped tensors is recognised by this deleter, see release_pages.
void drop_mapping(void* mapping) { delete static_cast<std::shared_ptr<const void>*>(mapping); }
// The same for bytes that are no mapping.
struct DropMemory {
  static void drop(void* owner) { drop_mapping(owner); }
};

/// Asks the kernel for all rows before the first is touched, so that their reads overlap and
/// nothing else is read. Cold, 400 rows of 234 KiB out of 1 GB: 0.07 s; page by page 0.8 s and all
/// of the file in memory; 2,000 rows of 9 KiB: 0.04 s against 0.8 s. Only a hint, so failure is
/// ignored.
void prefetch_rows(const std::byte* data, std::size_t row_bytes, std::size_t wanted_bytes,
                   std::span<const std::int64_t> rows) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (const std::int64_t row : rows) {
    const std::byte* begin = data + static_cast<std::size_t>(row) * row_bytes;
    const std::size_t past_page = reinterpret_cast<std::uintptr_t>(begin) % page;
    static_cast<void>(::madvise(const_cast<std::byte*>(begin - past_page), past_page + wanted_bytes,
                                MADV_WILLNEED));
  }
}

/// Sixteen rows at a time, which fill a line of the cache in the target; values may lie at any
/// address.
template <std::size_t kSize>
void copy_columns(const TensorView& view, std::span<const std::int64_t> columns,
                  std::byte* target) {
  constexpr std::size_t kBlock = 16;
  const auto n_rows = static_cast<std::size_t>(view.shape[0]);
  const auto n_columns = static_cast<std::size_t>(view.shape[1]);
  const std::size_t row_step = view.column_major ? kSize : n_columns * kSize;
  const std::size_t column_step = view.column_major ? n_rows * kSize : kSize;
  for (std::size_t begin = 0; begin < n_rows; begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, n_rows);
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const std::byte* source =
          view.bytes.data() + static_cast<std::size_t>(columns[j]) * column_step;
      std::byte* const row = target + j * n_rows * kSize;
      for (std::size_t i = begin; i < end; ++i) {
        std::memcpy(row + i * kSize, source + i * row_step, kSize);
      }
    }
  }
}

}  // namespace

at::ScalarType scalar_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF64:
      return at::kDouble;
    case Dtype::kF32:
      return at::kFloat;
    case Dtype::kF16:
      return at::kHalf;
    case Dtype::kBF16:
      return at::kBFloat16;
    case Dtype::kI64:
      return at::kLong;
    case Dtype::kI32:
      return at::kInt;
    case Dtype::kI16:
      return at::kShort;
    case Dtype::kI8:
      return at::kChar;
    case Dtype::kU8:
      return at::kByte;
    case Dtype::kBool:
      return at::kBool;
  }
  throw std::invalid_argument("[scalar_type] no such type");
}

bool maps_in_place(const WeightFile& file, std::string_view name) {
  return is_aligned(file.view(name));
}

at::Tensor map_tensor(const WeightFile& file, std::string_view name) {
  return map_tensor(file.mapping(), file.view(name));
}

at::Tensor map_tensor(std::shared_ptr<const void> mapping, const TensorView& view) {
  const auto options = at::TensorOptions().dtype(scalar_type(view.dtype));
  if (view.bytes.empty()) return at::empty(view.shape, options);
  const std::vector<std::int64_t> strides = strides_of(view.shape, view.column_major);
  if (!is_aligned(view)) {
    at::Tensor copy = at::empty_strided(view.shape, strides, options);
    std::memcpy(copy.data_ptr(), view.bytes.data(), view.bytes.size());
    return copy;
  }
  // Torch has no read-only tensors.
  auto* data = const_cast<std::byte*>(view.bytes.data());
  auto owner = std::make_unique<std::shared_ptr<const void>>(std::move(mapping));
  c10::DataPtr pointer(data, owner.release(), view.mapped ? &drop_mapping : &DropMemory::drop,
                       at::kCPU);
  const c10::Storage storage(c10::Storage::use_byte_size_t(), view.bytes.size(),
                             std::move(pointer));
  return at::empty({0}, options).set_(storage, 0, view.shape, strides);
}

void release_pages(const WeightFile& file, std::string_view name) {
  const TensorView& view = file.view(name);
  if (view.mapped) release_pages(view.bytes);
}

void release_pages(const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.storage().data_ptr().get_deleter() != &drop_mapping) return;
  const auto* begin = static_cast<const std::byte*>(tensor.storage().data_ptr().get());
  release_pages(std::span(begin, tensor.storage().nbytes()));
}

void check_tensor(std::string_view operation, const WeightFile& file, std::string_view name,
                  std::span<const std::int64_t> expected_shape) {
  if (!file.contains(name)) fail(operation, file, "no tensor " + std::string(name));
  const TensorView& view = file.view(name);
  const bool fits = std::ranges::equal(
      view.shape, expected_shape,
      [](std::int64_t found, std::int64_t wanted) { return wanted < 0 || found == wanted; });
  if (!fits) {
    fail(operation, file,
         "tensor " + std::string(name) + " is " + to_string(view.shape) + ", expected " +
             expected_text(expected_shape));
  }
  if (!at::isFloatingType(scalar_type(view.dtype))) {
    fail(operation, file,
         "tensor " + std::string(name) + " is " + std::string(name_of(view.dtype)) +
             ", expected F64, F32, F16 or BF16");
  }
}

at::Tensor load_tensor(std::string_view operation, const WeightFile& file, std::string_view name,
                       std::span<const std::int64_t> expected_shape, at::ScalarType dtype) {
  check_tensor(operation, file, name, expected_shape);
  return map_tensor(file, name).to(dtype);
}

at::Tensor gather_rows(std::string_view operation, const WeightFile& file, std::string_view name,
                       const at::Tensor& rows, std::optional<std::int64_t> part) {
  const TensorView& view = file.view(name);
  assert(!view.shape.empty() && (!part || view.shape.size() > 1));
  const at::Tensor indices = rows.to(at::kCPU, at::kLong).contiguous();
  check_indices(operation, name, view.shape.front(), "rows", indices);
  if (view.column_major) {
    const at::Tensor mapped = map_tensor(file, name);
    return (part ? mapped.select(1, *part) : mapped).index_select(0, indices);
  }
  std::vector<std::int64_t> shape = view.shape;
  shape.front() = indices.numel();
  if (part) shape.erase(shape.begin() + 1);
  at::Tensor gathered = at::empty(shape, at::TensorOptions().dtype(scalar_type(view.dtype)));
  if (gathered.numel() == 0) return gathered;
  const std::size_t row_bytes = view.bytes.size() / static_cast<std::size_t>(view.shape.front());
  const std::size_t wanted_bytes =
      part ? row_bytes / static_cast<std::size_t>(view.shape[1]) : row_bytes;
  const std::byte* data =
      view.bytes.data() + static_cast<std::size_t>(part.value_or(0)) * wanted_bytes;
  auto* target = static_cast<std::byte*>(gathered.data_ptr());
  const std::span<const std::int64_t> list(indices.data_ptr<std::int64_t>(),
                                           static_cast<std::size_t>(indices.numel()));
  prefetch_rows(data, row_bytes, wanted_bytes, list);
  for (const std::int64_t index : list) {
    std::memcpy(target, data + static_cast<std::size_t>(index) * row_bytes, wanted_bytes);
    target += wanted_bytes;
  }
  return gathered;
}

at::Tensor gather_columns(std::string_view operation, const WeightFile& file, std::string_view name,
                          const at::Tensor& columns) {
  const TensorView& view = file.view(name);
  assert(view.shape.size() == 2);
  const at::Tensor indices = columns.to(at::kCPU, at::kLong).contiguous();
  check_indices(operation, name, view.shape[1], "columns", indices);
  at::Tensor gathered = at::empty({indices.numel(), view.shape[0]},
                                  at::TensorOptions().dtype(scalar_type(view.dtype)));
  const std::span<const std::int64_t> list(indices.data_ptr<std::int64_t>(),
                                           static_cast<std::size_t>(indices.numel()));
  auto* target = static_cast<std::byte*>(gathered.data_ptr());
  switch (size_of(view.dtype)) {
    case 8:
      copy_columns<8>(view, list, target);
      break;
    case 4:
      copy_columns<4>(view, list, target);
      break;
    case 2:
      copy_columns<2>(view, list, target);
      break;
    default:
      copy_columns<1>(view, list, target);
  }
  return gathered;
}

std::int64_t count_not_finite(const at::Tensor& tensor) {
  if (!tensor.is_cpu()) return tensor.isfinite().logical_not_().sum().item<std::int64_t>();
  const at::Tensor values = tensor.to(at::kCPU).contiguous();
  switch (values.scalar_type()) {
    case at::kDouble:
      return count_with_exponent<std::uint64_t>(values, 0x7FF0'0000'0000'0000U);
    case at::kFloat:
      return count_with_exponent<std::uint32_t>(values, 0x7F80'0000U);
    case at::kHalf:
      return count_with_exponent<std::uint16_t>(values, 0x7C00U);
    case at::kBFloat16:
      return count_with_exponent<std::uint16_t>(values, 0x7F80U);
    default:
      return 0;  // integers
  }
}

bool all_finite(const at::Tensor& tensor) { return count_not_finite(tensor) == 0; }

void require_finite(std::string_view operation, const WeightFile& file, std::string_view name,
                    const at::Tensor& tensor) {
  const std::int64_t found = count_not_finite(tensor);
  if (found == 0) return;
  fail(operation, file,
       "tensor " + std::string(name) + " holds " + std::to_string(found) +
           " values that are not finite");
}

}  // namespace circuit
