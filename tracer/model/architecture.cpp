#include "tracer/model/architecture.h"

#include <array>
#include <stdexcept>

#include "tracer/model/arch/families.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {

std::span<const Architecture* const> architectures() {
  static constexpr std::array<const Architecture*, 8> kTable = {
      &arch::kLlama,  &arch::kMistral,          &arch::kQwen2, &arch::kQwen3, &arch::kGemma2,
      &arch::kGemma3, &arch::kGemma3WithVision, &arch::kGpt2};
  return kTable;
}

const Architecture& find_architecture(std::string_view name, std::string_view model_type) {
  std::string known;
  for (const Architecture* architecture : architectures()) {
    if (!name.empty() ? architecture->name == name : architecture->model_type == model_type) {
      return *architecture;
    }
    known += (known.empty() ? "" : ", ") + std::string(architecture->name);
  }
  throw std::runtime_error("[load_model] config.json: architecture \"" +
                           std::string(name.empty() ? model_type : name) +
                           "\" is not supported, expected one of " + known);
}

const Architecture& find_gguf_architecture(std::string_view architecture,
                                           const std::filesystem::path& file) {
  std::string known;
  for (const Architecture* family : architectures()) {
    const std::string_view name = family->gguf.architecture;
    if (name.empty()) continue;
    if (name == architecture) return *family;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  throw std::runtime_error("[load_model] " + file.string() + ": general.architecture is " +
                           printable_name(architecture) + ", expected one of " + known);
}

std::string layer_tensor(std::string_view pattern, std::int64_t layer) {
  const auto braces = pattern.find("{}");
  if (braces == std::string_view::npos) return std::string(pattern);
  return std::string(pattern.substr(0, braces)) + std::to_string(layer) +
         std::string(pattern.substr(braces + 2));
}

}  // namespace circuit
