// Writes transcoders and SAEs of any format that is read in the native form (docs/formats.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "transcoders/sae_hook.h"
#include "transcoders/weights/dtype.h"

namespace circuit {

struct ConvertOptions {
  /// Of the written weights: F64, F32, F16 or BF16; nothing: as the first encoder is stored.
  std::optional<Dtype> dtype;
  /// Where an SAE reads, for files that do not say it.
  std::optional<SaeHook> hook;
  /// Layers done and layers in all.
  std::function<void(std::int64_t, std::int64_t)> progress;
};

/// What was written.
struct Converted {
  std::string kind;    ///< "per-layer", "cross-layer" or "SAE"
  std::string format;  ///< that was read
  std::string dtype;   ///< that was written: "F32"
  std::int64_t n_layers = 0;
  std::int64_t d_model = 0;
  std::int64_t n_features = 0;
  std::string folded;  ///< what is now in the weights and was not: "input scale"; mostly empty
  std::int64_t bytes = 0;
};

/// Reads FROM and makes the directory TO, which appears complete or not at all and must not hold
/// anything yet. Values are computed in double and rounded once; where nothing is folded and the
/// type stays, they are the stored ones. Takes a few hundred MiB, whatever the size of a layer.
/// Throws std::runtime_error `[convert] …`, or as `load_transcoders` and `load_sae` do.
Converted convert_to_native(const std::filesystem::path& from, const std::filesystem::path& to,
                            const ConvertOptions& options = {});

}  // namespace circuit
