// The place where transcoder features write: the MLP's own output or what is added to the residual
// stream, which differ by a norm in some families; with that norm frozen the linear map between
// the two and its transpose (docs/method.md, write sites).
#pragma once

#include <ATen/core/Tensor.h>

#include "tracer/model/model.h"
#include "tracer/model/site.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

/// The place in a live forward.
ModelSite site_of(WriteSite site);

/// Whether a norm stands between the write site and the residual stream.
bool has_norm_behind(WriteSite site, const Block& block);

/// What the MLP writes at the site in the live run, [n, d_model].
const at::Tensor& written_value(WriteSite site, const Block& block, const BlockRecord& record);

/// The linear part of the way from the site to the residual stream: x [.., m, d_model], without the
/// bias of the norm. inverse_scale, of the norm behind the MLP, broadcasts over it; ignored without
/// one.
at::Tensor write_push(WriteSite site, const Block& block, const at::Tensor& inverse_scale,
                      const at::Tensor& x);

/// Transpose of write_push: gradients at the residual stream -> gradients at the site.
at::Tensor write_pull(WriteSite site, const Block& block, const at::Tensor& inverse_scale,
                      const at::Tensor& gradients);

/// What features (i64 [k]) of `layer` write to the residual stream in all layers together:
/// [k, d_model] on the model's device. A norm behind the MLP counts with its gain; its scale is
/// another at every position.
at::Tensor written_by_features(const Model& model, const TranscoderSet& transcoders,
                               std::int64_t layer, const at::Tensor& features);

}  // namespace circuit
