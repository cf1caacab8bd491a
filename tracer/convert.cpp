#include "tracer/convert.h"

#include <array>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "transcoders/convert.h"

namespace circuit {
namespace {

Dtype parse_dtype(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, Dtype>, 4> kTypes{{
      {"f64", Dtype::kF64},
      {"f32", Dtype::kF32},
      {"f16", Dtype::kF16},
      {"bf16", Dtype::kBF16},
  }};
  for (const auto& [known, dtype] : kTypes) {
    if (known == name) return dtype;
  }
  throw std::invalid_argument("[convert] dtype is \"" + name +
                              "\", expected f64, f32, f16 or bf16");
}

}  // namespace

ConversionReport convert(const Conversion& conversion) {
  ConvertOptions options;
  if (!conversion.dtype.empty()) options.dtype = parse_dtype(conversion.dtype);
  if (!conversion.hook.empty()) options.hook = parse_sae_hook(conversion.hook);
  options.progress = conversion.progress;
  const Converted done = convert_to_native(conversion.from, conversion.to, options);
  return {.kind = done.kind,
          .format = done.format,
          .dtype = done.dtype,
          .folded = done.folded,
          .n_layers = done.n_layers,
          .d_model = done.d_model,
          .n_features = done.n_features,
          .bytes = done.bytes};
}

}  // namespace circuit
