#include "tests/tracer/cli/weight_file.h"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include "tests/support/temp_dir.h"
#include "transcoders/weights/safetensors.h"

namespace circuit::cli::testing {

void OwnedTensor::spoil() {
  constexpr std::array<std::uint8_t, 4> kF32 = {0x00, 0x00, 0xC0, 0x7F};
  constexpr std::array<std::uint8_t, 2> kF16 = {0x00, 0x7E};
  const std::span<const std::uint8_t> nan =
      dtype == Dtype::kF16 ? std::span<const std::uint8_t>(kF16) : kF32;
  std::ranges::transform(nan, bytes.begin(), [](std::uint8_t byte) { return std::byte{byte}; });
}

void edit_weights(const std::filesystem::path& path,
                  const std::function<void(OwnedTensors&)>& edit) {
  OwnedTensors tensors;
  std::map<std::string, std::string> metadata;
  {
    const SafetensorsFile file = SafetensorsFile::open(path);
    metadata = file.metadata();
    for (const std::string& name : file.names()) {
      const TensorView& view = file.view(name);
      tensors[name] = {view.dtype, view.shape, {view.bytes.begin(), view.bytes.end()}};
    }
  }
  edit(tensors);
  std::vector<TensorToWrite> written;
  for (const auto& [name, tensor] : tensors) {
    written.push_back({name, tensor.dtype, tensor.shape, tensor.bytes});
  }
  write_safetensors(path, written, metadata);
}

void cut_in_half(const std::filesystem::path& path) {
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
}

void replace_text(const std::filesystem::path& path, const std::string& from,
                  const std::string& to) {
  std::string text = circuit::testing::read_text(path);
  const std::size_t at = text.find(from);
  if (at == std::string::npos) {
    throw std::runtime_error("[replace_text] " + path.string() + " holds no " + from);
  }
  circuit::testing::write_text(path, text.replace(at, from.size(), to));
}

}  // namespace circuit::cli::testing
