#include "transcoders/sae_hook.h"

#include <array>
#include <charconv>
#include <stdexcept>
#include <system_error>

#include "transcoders/config_reader.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

constexpr std::array<Named<SaeSite>, 4> kSites{{
    {SaeSite::kResidualPre, "resid_pre"},
    {SaeSite::kResidualPost, "resid_post"},
    {SaeSite::kMlpOut, "mlp_out"},
    {SaeSite::kAttentionOut, "attn_out"},
}};

}  // namespace

std::string to_string(const SaeHook& hook) {
  return std::string(name_in(std::span<const Named<SaeSite>>(kSites), hook.site)) + "." +
         std::to_string(hook.layer);
}

SaeHook parse_sae_hook(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view digits = dot == text.npos ? std::string_view() : text.substr(dot + 1);
  std::int64_t layer = -1;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, layer);
  if (error == std::errc() && stop == end && layer >= 0) {
    for (const auto& [site, name] : kSites) {
      if (name == text.substr(0, dot)) return {.site = site, .layer = layer};
    }
  }
  throw std::invalid_argument("[parse_sae_hook] hook is " + printable_name(text) +
                              ", expected resid_pre.L, resid_post.L, mlp_out.L or attn_out.L");
}

}  // namespace circuit
