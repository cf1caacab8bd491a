// The places inside a block that dictionaries read and write, by the names of other libraries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "transcoders/sae_hook.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

enum class PlaceKind : std::uint8_t {
  kResidualPre,
  kResidualMid,
  kResidualPost,
  kNormalized,  ///< ahead of the MLP, divided by the norm's scale, before its gain
  kMlpIn,
  kMlpOutRaw,
  kMlpOut,
  kAttentionOut,
};

struct HookPlace {
  PlaceKind kind = PlaceKind::kResidualPost;
  std::int64_t layer = 0;
};

/// TransformerLens' names (`blocks.3.hook_resid_post`) and those that Gemma Scope 2 gives modules
/// (`model.layers.3.output`). Nothing for any other.
std::optional<HookPlace> parse_hook_place(std::string_view name);

/// Nothing when transcoders cannot read or write there, or SAEs are not known there.
std::optional<ReadSite> read_site_of(PlaceKind kind);
std::optional<WriteSite> write_site_of(PlaceKind kind);
std::optional<SaeSite> sae_site_of(PlaceKind kind);

}  // namespace circuit
