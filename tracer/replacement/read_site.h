// The place where transcoder features read the residual stream: its value in the live run, and with
// the norm frozen the linear map to it and the transpose (docs/method.md, read sites).
#pragma once

#include <ATen/core/Tensor.h>

#include "tracer/model/norm.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

/// What features read, from residual_mid [n, d_model]; inverse_scale [n, 1] of the MLP's norm.
at::Tensor read_input(ReadSite site, const Norm& norm, const at::Tensor& inverse_scale,
                      const at::Tensor& residual_mid);

/// The same of a residual stream whose scale is not at hand, as in a changed forward.
at::Tensor read_live(ReadSite site, const Norm& norm, const at::Tensor& residual_mid);

/// The linear part of read_input: no bias of the norm.
at::Tensor read_push(ReadSite site, const Norm& norm, const at::Tensor& inverse_scale,
                     const at::Tensor& residual_mid);

/// Transpose of read_push: a covector at the read site -> the gradient at residual_mid.
at::Tensor read_pull(ReadSite site, const Norm& norm, const at::Tensor& inverse_scale,
                     const at::Tensor& covectors);

}  // namespace circuit
