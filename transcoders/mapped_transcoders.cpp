#include "transcoders/mapped_transcoders.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include <ATen/ATen.h>

#include "transcoders/product.h"
#include "transcoders/tensor_view.h"

namespace circuit {
namespace {

/// Rows of an encoder that are converted at once: 64 MiB of floats instead of a whole layer.
constexpr std::int64_t kConvertedElements = std::int64_t{16} << 20;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// [rows, columns] of a file that may hold it transposed, without a copy.
at::Tensor map_matrix(const WeightFile& file, const std::string& name, bool transposed) {
  const at::Tensor stored = map_tensor(file, name);
  return transposed ? stored.t() : stored;
}

/// The wanted rows of such a matrix.
at::Tensor gather_rows_of(std::string_view operation, const WeightFile& file,
                          const std::string& name, bool transposed, const at::Tensor& rows) {
  return transposed ? gather_columns(operation, file, name, rows)
                    : gather_rows(operation, file, name, rows);
}

void check_matrix(std::string_view operation, std::string_view what, const at::Tensor& tensor,
                  std::int64_t n_columns, at::ScalarType dtype) {
  const std::string start = "[" + std::string(operation) + "] " + std::string(what);
  if (tensor.dim() != 2 || tensor.size(1) != n_columns) {
    throw std::invalid_argument(start + " are " + to_string(tensor.sizes()) + ", expected [any, " +
                                std::to_string(n_columns) + "]");
  }
  if (tensor.scalar_type() != dtype) {
    throw std::invalid_argument(start + " are " + c10::toString(tensor.scalar_type()) +
                                ", expected " + c10::toString(dtype));
  }
}

/// inputs Wᵀ + bias -> [n, n_features]. A mapped encoder in the compute type is read in place; one
/// of another type, or for another device, goes there a part at a time.
at::Tensor encode_with(const at::Tensor& encoder, const at::Tensor& bias,
                       const at::Tensor& inputs) {
  const auto with = [&inputs](const at::Tensor& rows, const at::Tensor& biases) {
    return rows.scalar_type() == inputs.scalar_type() ? at::addmm(biases, inputs, rows.t())
                                                      : product(inputs, rows.t()).add_(biases);
  };
  if (encoder.scalar_type() == bias.scalar_type() && bias.is_cpu()) return with(encoder, bias);
  at::Tensor result = at::empty({inputs.size(0), encoder.size(0)}, inputs.options());
  const std::int64_t step = std::max<std::int64_t>(1, kConvertedElements / encoder.size(1));
  for (std::int64_t begin = 0; begin < encoder.size(0); begin += step) {
    const std::int64_t count = std::min(step, encoder.size(0) - begin);
    const at::Tensor rows =
        encoder.narrow(0, begin, count).to(bias.device()).to(bias.scalar_type());
    result.narrow(1, begin, count).copy_(with(rows, bias.narrow(0, begin, count)));
  }
  return result;
}

}  // namespace

MappedTranscoders::MappedTranscoders(TranscoderInfo info, OpenedLayers layers, at::ScalarType dtype,
                                     at::Device device) {
  check_compute_type(layers.operation, dtype);
  info_ = std::move(info);
  dtype_ = dtype;
  device_ = device;
  layers_.reserve(layers.layouts.size());
  for (std::size_t i = 0; i < layers.layouts.size(); ++i) layers_.push_back(open_layer(layers, i));
}

MappedTranscoders::Layer MappedTranscoders::open_layer(const OpenedLayers& opened,
                                                       std::size_t layer) const {
  Layer result{.layout = opened.layouts[layer],
               .files = opened.files[layer],
               .encoder_bias = {},
               .added_bias = {},
               .decoder_bias = {},
               .activation = opened.activation};
  const WeightFile& file = result.files.encoder;
  const auto read = [&](const std::string& name) {
    at::Tensor tensor = map_tensor(file, name).to(dtype_);
    require_finite(opened.operation, file, name, tensor);
    return tensor;
  };
  result.encoder_bias = read(result.layout.encoder_bias);
  result.added_bias = result.encoder_bias.to(device_);
  result.decoder_bias = read(result.layout.decoder_bias).to(device_);
  if (opened.activation.kind == ActivationKind::kJumpRelu) {
    const std::string& name = result.layout.threshold;
    const at::Tensor threshold = map_tensor(file, name).to(dtype_);
    // An infinite threshold switches its feature off, which is how some are published.
    require_finite(opened.operation, file, name, threshold.masked_fill(threshold == kInfinity, 0));
    result.activation.threshold =
        (threshold.numel() == 1 ? threshold.reshape({}) : threshold).to(device_);
  }
  return result;
}

const MappedTranscoders::Layer& MappedTranscoders::layer_at(std::string_view operation,
                                                            std::int64_t layer) const {
  if (layer < 0 || layer >= info_.n_layers) {
    throw std::invalid_argument("[" + std::string(operation) + "] layer is " +
                                std::to_string(layer) + ", expected 0 to " +
                                std::to_string(info_.n_layers - 1));
  }
  return layers_[static_cast<std::size_t>(layer)];
}

at::Tensor MappedTranscoders::encode(std::int64_t layer, const at::Tensor& inputs) const {
  const Layer& chosen = layer_at("encode", layer);
  check_matrix("encode", "inputs", inputs, info_.d_model, sum_type(dtype_));
  const at::Tensor encoder =
      map_matrix(chosen.files.encoder, chosen.layout.encoder, chosen.layout.encoder_transposed);
  at::Tensor result = encode_with(encoder, chosen.added_bias, inputs);
  release_pages(encoder);
  if (all_finite(result)) return result;
  // Only now is reading the whole encoder once more worth it.
  if (!all_finite(inputs)) {
    throw std::invalid_argument("[encode] layer " + std::to_string(layer) +
                                ": inputs are not finite");
  }
  require_finite("encode", chosen.files.encoder, chosen.layout.encoder, encoder.to(dtype_));
  throw std::runtime_error("[encode] " + chosen.files.encoder.path().string() + ": tensor " +
                           chosen.layout.encoder + ": pre-activations are too large for " +
                           c10::toString(dtype_));
}

at::Tensor MappedTranscoders::activate(std::int64_t layer,
                                       const at::Tensor& pre_activations) const {
  const Layer& chosen = layer_at("activate", layer);
  check_matrix("activate", "pre-activations", pre_activations, info_.n_features, sum_type(dtype_));
  return apply_activation(chosen.activation, pre_activations);
}

at::Tensor MappedTranscoders::encoder_rows(std::int64_t layer, const at::Tensor& features) const {
  const Layer& chosen = layer_at("encoder_rows", layer);
  const WeightFile& file = chosen.files.encoder;
  at::Tensor rows = gather_rows_of("encoder_rows", file, chosen.layout.encoder,
                                   chosen.layout.encoder_transposed, features)
                        .to(dtype_);
  release_pages(file.view(chosen.layout.encoder).bytes);
  require_finite("encoder_rows", file, chosen.layout.encoder, rows);
  return rows;
}

at::Tensor MappedTranscoders::encoder_bias(std::int64_t layer) const {
  return layer_at("encoder_bias", layer).encoder_bias;
}

at::Tensor MappedTranscoders::gather_decoder(std::string_view operation, std::int64_t source_layer,
                                             const at::Tensor& features,
                                             std::optional<std::int64_t> part) const {
  const Layer& chosen = layer_at(operation, source_layer);
  const WeightFile& file = chosen.files.decoder;
  const std::string& name = chosen.layout.decoder;
  const at::Tensor rows =
      part ? gather_rows(operation, file, name, features, part)
           : gather_rows_of(operation, file, name, chosen.layout.decoder_transposed, features);
  release_pages(file.view(name).bytes);
  const at::Tensor converted = rows.to(dtype_);
  require_finite(operation, file, name, converted);
  return converted;
}

at::Tensor MappedTranscoders::decoder_rows(std::int64_t source_layer,
                                           const at::Tensor& features) const {
  const LayerLayout& layout = layer_at("decoder_rows", source_layer).layout;
  const at::Tensor rows = gather_decoder("decoder_rows", source_layer, features, std::nullopt);
  if (!layout.n_written) return rows.unsqueeze(1);
  return rows.narrow(1, layout.first_written, *layout.n_written).contiguous();
}

at::Tensor MappedTranscoders::decoder_rows_into(std::int64_t source_layer,
                                                const at::Tensor& features,
                                                std::int64_t layer) const {
  const LayerLayout& layout = layer_at("decoder_rows", source_layer).layout;
  const std::int64_t n_written = layout.n_written.value_or(1);
  if (layer < source_layer || layer >= source_layer + n_written) {
    throw std::invalid_argument("[decoder_rows] features of layer " + std::to_string(source_layer) +
                                " write into layers " + std::to_string(source_layer) + " to " +
                                std::to_string(source_layer + n_written - 1) +
                                ", asked for layer " + std::to_string(layer));
  }
  const std::int64_t part = layout.first_written + layer - source_layer;
  return gather_decoder("decoder_rows", source_layer, features,
                        layout.n_written ? std::optional(part) : std::nullopt);
}

at::Tensor MappedTranscoders::decoder_bias(std::int64_t layer) const {
  return layer_at("decoder_bias", layer).decoder_bias;
}

at::Tensor MappedTranscoders::skip(std::int64_t layer) const {
  const Layer& chosen = layer_at("skip", layer);
  if (!info_.has_skip) return {};
  at::Tensor weight =
      map_matrix(chosen.files.encoder, chosen.layout.skip, chosen.layout.skip_transposed)
          .to(dtype_)
          .contiguous();
  require_finite("skip", chosen.files.encoder, chosen.layout.skip, weight);
  return weight.to(device_);
}

}  // namespace circuit
