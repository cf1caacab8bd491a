#include "tracer/model/site.h"

namespace circuit {

SitePlace place_of(const SaeHook& hook) {
  switch (hook.site) {
    case SaeSite::kResidualPre:
      return {ModelSite::kResidualPre, hook.layer};
    case SaeSite::kResidualPost:
      return {ModelSite::kResidualPost, hook.layer};
    case SaeSite::kMlpOut:
      return {ModelSite::kMlpOut, hook.layer};
    case SaeSite::kAttentionOut:
      return {ModelSite::kAttentionOut, hook.layer};
  }
  return {};
}

}  // namespace circuit
