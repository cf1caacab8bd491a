// Transcoders and SAEs of other formats in the native one, as plain values; no torch type shows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace circuit {

struct Conversion {
  std::filesystem::path from;
  std::filesystem::path to;  ///< a new or empty directory
  std::string dtype;         ///< "f64", "f32", "f16" or "bf16"; empty = as stored
  std::string hook;          ///< "resid_post.12", for an SAE that does not say it; empty = it does
  std::function<void(std::int64_t done, std::int64_t total)> progress;  ///< in layers
};

struct ConversionReport {
  std::string kind;    ///< "per-layer", "cross-layer" or "SAE"
  std::string format;  ///< that was read
  std::string dtype;   ///< that was written: "F32"
  std::string folded;  ///< what is now in the weights and was not; mostly empty
  std::int64_t n_layers = 0;
  std::int64_t d_model = 0;
  std::int64_t n_features = 0;
  std::int64_t bytes = 0;
};

/// Throws std::invalid_argument for another dtype or hook, else as transcoders/convert.h says.
ConversionReport convert(const Conversion& conversion);

}  // namespace circuit
