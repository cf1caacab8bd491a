#include "tests/support/tensor_file.h"

#include <array>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "transcoders/tensor_view.h"
#include "transcoders/weights/safetensors.h"

namespace circuit::testing {
namespace {

Dtype dtype_of(const at::Tensor& tensor) {
  constexpr std::array kDtypes{Dtype::kF64, Dtype::kF32, Dtype::kF16, Dtype::kBF16, Dtype::kI64,
                               Dtype::kI32, Dtype::kI16, Dtype::kI8,  Dtype::kU8,   Dtype::kBool};
  for (const Dtype dtype : kDtypes) {
    if (scalar_type(dtype) == tensor.scalar_type()) return dtype;
  }
  throw std::invalid_argument("[write_tensors] no file type for this tensor");
}

}  // namespace

void write_tensors(const std::filesystem::path& path, const NamedTensors& tensors) {
  std::vector<at::Tensor> owners;
  std::vector<TensorToWrite> to_write;
  for (const auto& [name, tensor] : tensors) {
    owners.push_back(tensor.contiguous());
    const at::Tensor& owner = owners.back();
    to_write.push_back(
        {.name = name,
         .dtype = dtype_of(owner),
         .shape = owner.sizes().vec(),
         .bytes = std::span(static_cast<const std::byte*>(owner.data_ptr()), owner.nbytes())});
  }
  write_safetensors(path, std::move(to_write), {});
}

NamedTensors read_tensors(const std::filesystem::path& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  NamedTensors tensors;
  for (const std::string& name : file.names()) tensors[name] = map_tensor(file, name).clone();
  return tensors;
}

void edit_tensors(const std::filesystem::path& path,
                  const std::function<void(NamedTensors&)>& edit) {
  NamedTensors tensors = read_tensors(path);
  edit(tensors);
  write_tensors(path, tensors);
}

}  // namespace circuit::testing
