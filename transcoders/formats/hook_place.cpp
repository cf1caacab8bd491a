#include "transcoders/formats/hook_place.h"

#include <array>
#include <charconv>
#include <system_error>

namespace circuit {
namespace {

struct Pattern {
  std::string_view before, after;  // of the layer's number
  PlaceKind kind;
};

constexpr std::array<Pattern, 11> kPatterns{{
    {"blocks.", ".hook_resid_pre", PlaceKind::kResidualPre},
    {"blocks.", ".hook_resid_mid", PlaceKind::kResidualMid},
    {"blocks.", ".hook_resid_post", PlaceKind::kResidualPost},
    {"blocks.", ".ln2.hook_normalized", PlaceKind::kNormalized},
    {"blocks.", ".mlp.hook_in", PlaceKind::kMlpIn},
    {"blocks.", ".mlp.hook_out", PlaceKind::kMlpOutRaw},
    {"blocks.", ".hook_mlp_out", PlaceKind::kMlpOut},
    {"blocks.", ".hook_attn_out", PlaceKind::kAttentionOut},
    {"model.layers.", ".pre_feedforward_layernorm.output", PlaceKind::kMlpIn},
    {"model.layers.", ".post_feedforward_layernorm.output", PlaceKind::kMlpOut},
    {"model.layers.", ".output", PlaceKind::kResidualPost},
}};

std::optional<std::int64_t> layer_of(std::string_view digits) {
  std::int64_t layer = -1;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, layer);
  if (error != std::errc() || stop != end || layer < 0) return std::nullopt;
  return layer;
}

}  // namespace

std::optional<HookPlace> parse_hook_place(std::string_view name) {
  for (const auto& [before, after, kind] : kPatterns) {
    if (!name.starts_with(before) || !name.ends_with(after)) continue;
    if (name.size() <= before.size() + after.size()) continue;
    const auto layer =
        layer_of(name.substr(before.size(), name.size() - before.size() - after.size()));
    if (layer) return HookPlace{.kind = kind, .layer = *layer};
  }
  return std::nullopt;
}

std::optional<ReadSite> read_site_of(PlaceKind kind) {
  switch (kind) {
    case PlaceKind::kResidualMid:
      return ReadSite::kResidualMid;
    case PlaceKind::kNormalized:
      return ReadSite::kNormalized;
    case PlaceKind::kMlpIn:
      return ReadSite::kMlpIn;
    default:
      return std::nullopt;
  }
}

std::optional<WriteSite> write_site_of(PlaceKind kind) {
  switch (kind) {
    case PlaceKind::kMlpOutRaw:
      return WriteSite::kMlpOutRaw;
    case PlaceKind::kMlpOut:
      return WriteSite::kMlpOut;
    default:
      return std::nullopt;
  }
}

std::optional<SaeSite> sae_site_of(PlaceKind kind) {
  switch (kind) {
    case PlaceKind::kResidualPre:
      return SaeSite::kResidualPre;
    case PlaceKind::kResidualPost:
      return SaeSite::kResidualPost;
    case PlaceKind::kMlpOut:
      return SaeSite::kMlpOut;
    case PlaceKind::kAttentionOut:
      return SaeSite::kAttentionOut;
    default:
      return std::nullopt;
  }
}

}  // namespace circuit
