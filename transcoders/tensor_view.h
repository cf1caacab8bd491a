// Torch tensors over memory-mapped weights.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <ATen/core/Tensor.h>

#include "transcoders/weights/mapped_file.h"
#include "transcoders/weights/weight_file.h"

namespace circuit {

/// The torch type of a file's type.
at::ScalarType scalar_type(Dtype dtype);

/// A tensor that reads straight from the mapping, in the file's own type, and keeps the mapping
/// alive; a copy where the file holds it misaligned. Read only: writing to it is undefined.
at::Tensor map_tensor(const WeightFile& file, std::string_view name);
/// The same of any mapped tensor, whose bytes `mapping` keeps alive.
at::Tensor map_tensor(std::shared_ptr<const void> mapping, const TensorView& view);

/// Whether `map_tensor` copies nothing.
bool maps_in_place(const WeightFile& file, std::string_view name);

/// Checks from the header alone that a floating-point tensor of this shape is there (-1 = any
/// size). Throws std::runtime_error like `load_tensor`.
void check_tensor(std::string_view operation, const WeightFile& file, std::string_view name,
                  std::span<const std::int64_t> expected_shape);

/// `map_tensor` checked against an expected shape (-1 = any size), converted to `dtype` (no copy
/// when the file already holds it). Throws std::runtime_error
/// `[operation] FILE: tensor NAME is [found], expected [expected]`.
at::Tensor load_tensor(std::string_view operation, const WeightFile& file, std::string_view name,
                       std::span<const std::int64_t> expected_shape, at::ScalarType dtype);

/// The wanted rows (i64 [k]) of the first axis, copied from the mapping in the file's own type; no
/// other row is read. With `part`, only that entry of each row's first axis: [k, …] without it.
/// Throws std::invalid_argument for an index out of range.
at::Tensor gather_rows(std::string_view operation, const WeightFile& file, std::string_view name,
                       const at::Tensor& rows, std::optional<std::int64_t> part = std::nullopt);

/// The wanted columns (i64 [k]) of a matrix [rows, columns] as [k, rows], in the file's own type.
/// Reads the columns' pages, mostly all of the tensor. Throws like `gather_rows`.
at::Tensor gather_columns(std::string_view operation, const WeightFile& file, std::string_view name,
                          const at::Tensor& columns);

/// Hands a tensor's pages of the mapped file back (mapped_file.h); memory that is no file is left
/// alone.
void release_pages(const WeightFile& file, std::string_view name);

/// `release_pages` of the whole mapped tensor that `tensor` is a view of; tensors that do not come
/// from `map_tensor` are left alone.
void release_pages(const at::Tensor& tensor);

/// How many values are infinite or NaN. Reads the tensor once, without temporaries.
std::int64_t count_not_finite(const at::Tensor& tensor);
/// Whether there is none.
bool all_finite(const at::Tensor& tensor);

/// Throws std::runtime_error `[operation] FILE: tensor NAME holds N values that are not finite`.
void require_finite(std::string_view operation, const WeightFile& file, std::string_view name,
                    const at::Tensor& tensor);

}  // namespace circuit
