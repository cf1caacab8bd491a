// Safetensors files from tensors and back, for tests that build or damage them.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include <ATen/core/Tensor.h>

namespace circuit::testing {

using NamedTensors = std::map<std::string, at::Tensor>;

void write_tensors(const std::filesystem::path& path, const NamedTensors& tensors);

/// Copies, so that the file may be replaced.
NamedTensors read_tensors(const std::filesystem::path& path);

/// Reads a file, lets `edit` change its tensors and writes it again.
void edit_tensors(const std::filesystem::path& path,
                  const std::function<void(NamedTensors&)>& edit);

}  // namespace circuit::testing
