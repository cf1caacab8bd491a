// A sparse autoencoder: what a residual stream, MLP output or attention output is made of. SAEs are
// not sources of attribution graphs; those come from transcoders (transcoder_set.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "transcoders/sae_hook.h"
#include "transcoders/transcoder_set.h"

namespace circuit {

/// What a directory's description and tensors say.
struct SaeInfo {
  std::filesystem::path directory;
  std::string format;      ///< "native", "SAELens", …
  std::string model_name;  ///< of the model it is for; may be empty
  std::string scan;
  SaeHook hook;
  std::int64_t d_model = 0;
  std::int64_t n_features = 0;
  std::string activation;             ///< "relu", "jumprelu", "topk 32"
  bool apply_b_dec_to_input = false;  ///< the decoder's bias is taken off what is encoded
  double input_scale = 1;      ///< what the SAE was trained on, divided by what the model has
  Dtype stored = Dtype::kF32;  ///< of the encoder, in its file
  std::string rescaled;        ///< as in TranscoderInfo
  std::vector<std::filesystem::path> files;  ///< every weight file, for content_hash
};

/// With x at the hook and s = input_scale:
///   pre-activations  h = (s x [− b_dec]) W_encᵀ + b_enc
///   activations      a = f(h)
///   reconstruction   x̂ = (a W_dec + b_dec) / s
/// Everything that goes in or comes out is in the model's units: rows and bias of the decoder are
/// divided by s already, so x + (v − a) W_dec needs no scale. Read only; every method may be called
/// from several threads. Throws std::runtime_error naming file and tensor when weights turn out not
/// to be finite.
class Sae {
 public:
  Sae(SaeInfo info, std::unique_ptr<const TranscoderSet> dictionary);

  const SaeInfo& info() const { return info_; }
  /// Type of the weights; results are in its sum type (transcoders/product.h).
  at::ScalarType dtype() const { return dictionary_->dtype(); }
  /// Where `encode`, `activate` and `decode` compute; rows are on the CPU.
  at::Device device() const { return dictionary_->device(); }

  /// x [n, d_model] in the sum type -> h [n, n_features].
  at::Tensor encode(const at::Tensor& inputs) const;
  /// h -> a, same shape, exactly 0 where inactive.
  at::Tensor activate(const at::Tensor& pre_activations) const;
  /// x -> a: both of the above.
  at::Tensor activations(const at::Tensor& inputs) const;
  /// a [n, n_features] -> x̂ [n, d_model]. Reads the decoder rows of features that are not 0
  /// everywhere, and no others.
  at::Tensor decode(const at::Tensor& activations) const;

  /// Rows of W_enc (i64 [k]) -> [k, d_model], times s: h = x W_encᵀ + constant.
  at::Tensor encoder_rows(const at::Tensor& features) const;
  /// Rows of W_dec / s -> [k, d_model], in the type of the weights.
  at::Tensor decoder_rows(const at::Tensor& features) const;
  /// b_dec / s: [d_model], on the device.
  at::Tensor decoder_bias() const;

  /// The encoder, decoder and biases as they are stored, before scale and bias are applied: a set
  /// of one layer.
  const TranscoderSet& dictionary() const { return *dictionary_; }

 private:
  SaeInfo info_;
  std::unique_ptr<const TranscoderSet> dictionary_;  // of one layer
};

/// Opens a directory in the native form or another known one (docs/formats.md). Checks and throws
/// std::runtime_error `[load_sae] …` like `load_transcoders`. `hook` is for files that do not say
/// where they read, or say it wrongly.
std::unique_ptr<Sae> load_sae(const std::filesystem::path& directory,
                              const TranscoderLoadOptions& options = {},
                              std::optional<SaeHook> hook = std::nullopt);

/// The same without weights.
SaeInfo inspect_sae(const std::filesystem::path& directory);

/// Whether the directory holds an SAE rather than transcoders or something else, from names of
/// files and the description alone; never throws.
bool is_sae_directory(const std::filesystem::path& directory);

}  // namespace circuit
