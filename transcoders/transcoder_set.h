// Transcoders that stand in for the MLP blocks of a model, per-layer or cross-layer.
// Encoders are mapped and used a layer at a time; decoders stay on disk until rows are needed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "transcoders/activation.h"
#include "transcoders/weights/dtype.h"

namespace circuit {

/// Where features read, by the names that config.yaml uses.
enum class ReadSite : std::uint8_t {
  kResidualMid,  ///< `hook_resid_mid`: the residual stream before the norm ahead of the MLP
  kNormalized,   ///< `ln2.hook_normalized`: divided by the norm's scale, before its gain
  kMlpIn,        ///< `mlp.hook_in`: after norm and gain, what the MLP reads
};

/// Where features write.
enum class WriteSite : std::uint8_t {
  kMlpOutRaw,  ///< `mlp.hook_out`: the MLP's output before a norm that may follow it
  kMlpOut,     ///< `hook_mlp_out`: what is added to the residual stream
};

std::string_view name_of(ReadSite site);
std::string_view name_of(WriteSite site);

/// What a directory's config.yaml and tensors say. Sizes are those of every layer.
struct TranscoderInfo {
  std::filesystem::path directory;
  std::string format;      ///< "native", "Gemma Scope", … (docs/formats.md)
  std::string model_name;  ///< as config.yaml names it; may be empty
  std::string scan;
  bool cross_layer = false;
  std::int64_t n_layers = 0;
  std::int64_t d_model = 0;
  std::int64_t n_features = 0;
  ReadSite read_site = ReadSite::kResidualMid;
  WriteSite write_site = WriteSite::kMlpOut;
  std::string activation;  ///< "relu", "jumprelu" or "topk 32"
  bool has_skip = false;
  Dtype stored = Dtype::kF32;  ///< of the first encoder, in its file
  std::string rescaled;        ///< what weights are multiplied with on reading; mostly empty
  std::vector<std::filesystem::path> files;  ///< every weight file, for content_hash
};

/// Read-only; every method may be called from several threads. Throws std::runtime_error naming
/// file and tensor when weights turn out not to be finite.
class TranscoderSet {
 public:
  virtual ~TranscoderSet() = default;

  const TranscoderInfo& info() const { return info_; }
  at::ScalarType dtype() const { return dtype_; }
  /// Where `encode` and `activate` compute, and where decoder biases and skips are; everything else
  /// is on the CPU.
  at::Device device() const { return device_; }
  /// The last layer that features of `layer` write to: `layer` itself, or the last one for a CLT.
  std::int64_t last_written_layer(std::int64_t layer) const {
    return info_.cross_layer ? info_.n_layers - 1 : layer;
  }

  /// inputs [n, d_model] at the read site of `layer` -> pre-activations [n, n_features], both in
  /// the sum type of `dtype()` (transcoders/product.h).
  virtual at::Tensor encode(std::int64_t layer, const at::Tensor& inputs) const = 0;
  /// Pre-activations of `layer` -> activations, same shape, exactly 0 where inactive.
  virtual at::Tensor activate(std::int64_t layer, const at::Tensor& pre_activations) const = 0;
  /// Encoder rows of the given features (i64 [k]) -> [k, d_model].
  virtual at::Tensor encoder_rows(std::int64_t layer, const at::Tensor& features) const = 0;
  /// Encoder bias [n_features], on the CPU.
  virtual at::Tensor encoder_bias(std::int64_t layer) const = 0;
  /// Decoder rows of the given features (i64 [k], of `source_layer`) into every layer they write:
  /// [k, n_written, d_model], first written layer = source_layer. Read once from the mapping.
  virtual at::Tensor decoder_rows(std::int64_t source_layer, const at::Tensor& features) const = 0;
  /// The same rows as they write into `layer` only (source_layer ≤ layer ≤ the last one written):
  /// [k, d_model].
  virtual at::Tensor decoder_rows_into(std::int64_t source_layer, const at::Tensor& features,
                                       std::int64_t layer) const = 0;
  /// Decoder bias [d_model].
  virtual at::Tensor decoder_bias(std::int64_t layer) const = 0;
  /// The affine skip as W [d_model, d_model] with skip(x) = x Wᵀ; undefined tensor when there is
  /// none.
  virtual at::Tensor skip(std::int64_t layer) const = 0;
  /// What `activate` computes; its threshold is on the device.
  virtual const Activation& activation(std::int64_t layer) const = 0;

 protected:
  TranscoderInfo info_;
  at::ScalarType dtype_ = at::kFloat;
  at::Device device_ = at::kCPU;
};

struct TranscoderLoadOptions {
  at::ScalarType dtype = at::kFloat;  ///< Compute type: kDouble, kFloat or kBFloat16.
  at::Device device = at::kCPU;       ///< Where `encode` computes.
};

/// Opens a directory of transcoders in any format of docs/formats.md. Checks every tensor's
/// presence and shape against the others without reading decoders, unless their norms are part of
/// the activation (rescaled_transcoders.h). Throws std::runtime_error `[load_transcoders] …`.
std::unique_ptr<TranscoderSet> load_transcoders(const std::filesystem::path& directory,
                                                const TranscoderLoadOptions& options = {});

/// Throws std::invalid_argument `[operation] compute type is …` for a type that
/// TranscoderLoadOptions does not allow.
void check_compute_type(const std::string& operation, at::ScalarType dtype);

/// What the directory holds, from config.yaml and the headers of the files (and the number k)
/// alone. Checks and throws like `load_transcoders`, but reads no weights.
TranscoderInfo inspect_transcoders(const std::filesystem::path& directory);

}  // namespace circuit
