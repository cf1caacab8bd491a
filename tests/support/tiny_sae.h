// A random SAE in the native form, small enough for exhaustive checks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "transcoders/activation.h"

namespace circuit::testing {

struct TinySaeSpec {
  std::string hook = "resid_post.1";
  ActivationKind activation = ActivationKind::kRelu;
  bool topk_relu = false;
  bool apply_b_dec_to_input = false;
  double input_scale = 1;
  std::int64_t d_model = 32;
  std::int64_t n_features = 40;
  std::uint64_t seed = 1;
};

/// Writes sae.safetensors and config.yaml into `directory`, made when it is not there; returns it.
/// On inputs of unit variance (after the scale) about a fifth of the features is active.
std::filesystem::path write_tiny_sae(const std::filesystem::path& directory,
                                     const TinySaeSpec& spec);

}  // namespace circuit::testing
