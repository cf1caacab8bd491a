// Where in a model a sparse autoencoder reads and writes: one place of the residual stream's path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace circuit {

enum class SaeSite : std::uint8_t {
  kResidualPre,   ///< `resid_pre`: the residual stream ahead of the layer
  kResidualPost,  ///< `resid_post`: the residual stream behind it
  kMlpOut,        ///< `mlp_out`: what the MLP adds to the residual stream
  kAttentionOut,  ///< `attn_out`: what attention adds to it
};

struct SaeHook {
  SaeSite site = SaeSite::kResidualPost;
  std::int64_t layer = 0;

  bool operator==(const SaeHook&) const = default;
};

/// "resid_post.12".
std::string to_string(const SaeHook& hook);

/// The inverse. Throws std::invalid_argument `[parse_sae_hook] hook is …, expected …`.
SaeHook parse_sae_hook(std::string_view text);

}  // namespace circuit
