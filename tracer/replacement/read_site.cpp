#include "tracer/replacement/read_site.h"

#include <ATen/ATen.h>

namespace circuit {

at::Tensor read_input(ReadSite site, const Norm& norm, const at::Tensor& inverse_scale,
                      const at::Tensor& residual_mid) {
  const at::Tensor input = read_push(site, norm, inverse_scale, residual_mid);
  return site == ReadSite::kMlpIn && norm.bias.defined() ? input + norm.bias : input;
}

at::Tensor read_live(ReadSite site, const Norm& norm, const at::Tensor& residual_mid) {
  return read_input(site, norm, norm_forward(norm, residual_mid).inverse_scale, residual_mid);
}

at::Tensor read_push(ReadSite site, const Norm& norm, const at::Tensor& inverse_scale,
                     const at::Tensor& residual_mid) {
  switch (site) {
    case ReadSite::kResidualMid:
      return residual_mid;
    case ReadSite::kNormalized:
      return norm_centre(norm, residual_mid) * inverse_scale;
    case ReadSite::kMlpIn:
      return norm_push(norm, inverse_scale, residual_mid);
  }
  return {};
}

at::Tensor read_pull(ReadSite site, const Norm& norm, const at::Tensor& inverse_scale,
                     const at::Tensor& covectors) {
  switch (site) {
    case ReadSite::kResidualMid:
      return covectors;
    case ReadSite::kNormalized:
      return norm_centre(norm, covectors) * inverse_scale;
    case ReadSite::kMlpIn:
      return norm_pull(norm, inverse_scale, covectors);
  }
  return {};
}

}  // namespace circuit
