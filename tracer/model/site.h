// Places in a block where a live forward can be watched and changed.
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "transcoders/sae_hook.h"

namespace circuit {

/// In the order in which they are passed.
enum class ModelSite : std::uint8_t {
  kResidualPre,   ///< residual stream ahead of the block
  kAttentionOut,  ///< what attention adds to it
  kResidualMid,   ///< residual stream between attention and MLP
  kMlpOutRaw,     ///< what the MLP gives, ahead of a norm behind it
  kMlpOut,        ///< what the MLP adds
  kResidualPost,  ///< residual stream behind the block
};

struct SitePlace {
  ModelSite site = ModelSite::kResidualPre;
  std::int64_t layer = 0;

  bool operator==(const SitePlace&) const = default;
};

/// Told of every site as the forward passes it.
class SiteVisitor {
 public:
  virtual ~SiteVisitor() = default;
  /// x [m, d_model]: the positions from `first_position` on. May be given another value; never
  /// changed in place.
  virtual void visit(const SitePlace& place, std::int64_t first_position, at::Tensor& x) = 0;
};

/// Where an SAE reads and writes.
SitePlace place_of(const SaeHook& hook);

}  // namespace circuit
