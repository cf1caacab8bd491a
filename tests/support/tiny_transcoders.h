// Random transcoder directories of every kind, small enough for exhaustive checks.
#pragma once

#include <cstdint>
#include <filesystem>

#include "transcoders/activation.h"
#include "transcoders/transcoder_set.h"
#include "transcoders/weights/dtype.h"

namespace circuit::testing {

struct TinyTranscoderSpec {
  bool cross_layer = false;
  ActivationKind activation = ActivationKind::kRelu;
  bool skip = false;
  ReadSite read_site = ReadSite::kMlpIn;
  WriteSite write_site = WriteSite::kMlpOutRaw;
  std::int64_t n_layers = 3;
  std::int64_t d_model = 32;
  std::int64_t n_features = 40;
  std::uint64_t seed = 1;
  Dtype dtype = Dtype::kF32;   ///< Of every weight; a floating-point type.
  std::int64_t target_l0 = 0;  ///< Active features per layer and position; 0: a fifth of them.
};

/// Writes config.yaml and weight files into `directory`, made when it is not there; returns it.
/// Equal on every platform. On independent inputs of unit variance about `target_l0` features are
/// active, and what they write has a standard deviation of about one half. No bias is zero. A
/// weight does not depend on settings that do not concern it: the same seed with and without a
/// skip gives the same encoders. TopK: per-layer files hold a tensor k, config.yaml of a
/// cross-layer directory holds it.
std::filesystem::path write_tiny_transcoders(const std::filesystem::path& directory,
                                             const TinyTranscoderSpec& spec);

}  // namespace circuit::testing
