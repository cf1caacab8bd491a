// Transcoders whose files hold weights for inputs and outputs of another scale, or whose activation
// sees pre-activations times the norm of their decoders: as if the scales were in the weights.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "transcoders/transcoder_set.h"

namespace circuit {

/// Per layer l with factors s_l (input) and t_l (output) that training multiplied activations with,
/// and per feature f the norm n_f of all of its decoder rows as stored: activations stay in the
/// model's scale,
///   b_enc / s_l, threshold / s_l, W_dec into l' · s_l / t_l', b_dec / t_l, W_skip · s_l / t_l
/// and, when norms select,
///   JumpReLU: threshold / n_f;   TopK and GroupMax: W_enc · n_f, b_enc · n_f, W_dec / n_f.
struct Rescaling {
  std::vector<double> inputs, outputs;  ///< one a layer, or empty: 1 everywhere
  bool decoder_norms_select = false;

  bool changes_something() const { return !inputs.empty() || decoder_norms_select; }
  /// "input and output scale, decoder norms"; empty when nothing changes.
  std::string text() const;
};

/// `set` itself when nothing changes. Reads all decoders once when norms select, a part at a time.
std::unique_ptr<TranscoderSet> rescale(std::unique_ptr<TranscoderSet> set,
                                       const Rescaling& rescaling);

}  // namespace circuit
