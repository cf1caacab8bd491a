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

/// a Wᵀ + bias for some of the rows W.
at::Tensor encode_rows(const at::Tensor& rows, const at::Tensor& bias, const at::Tensor& inputs) {
  return rows.scalar_type() == inputs.scalar_type() ? at::addmm(bias, inputs, rows.t())
                                                    : product(inputs, rows.t()).add_(bias);
}

/// inputs Wᵀ + bias -> [n, n_features], where `rows` gives W from a row on, a part at a time.
template <typename Rows>
at::Tensor encode_in_parts(const Rows& rows, std::int64_t d_model, const at::Tensor& bias,
                           const at::Tensor& inputs) {
  const std::int64_t n_features = bias.size(0);
  at::Tensor result = at::empty({inputs.size(0), n_features}, inputs.options());
  const std::int64_t step = std::max<std::int64_t>(1, kConvertedElements / d_model);
  for (std::int64_t begin = 0; begin < n_features; begin += step) {
    const std::int64_t count = std::min(step, n_features - begin);
    const at::Tensor part = rows(begin, count).to(bias.device()).to(bias.scalar_type());
    result.narrow(1, begin, count).copy_(encode_rows(part, bias.narrow(0, begin, count), inputs));
  }
  return result;
}

/// A mapped encoder in the compute type is read in place; one of another type, or for another
/// device, goes there a part at a time, as does one that lies where no tensor may.
at::Tensor encode_with(const WeightFile& file, const LayerLayout& layout, const at::Tensor& bias,
                       const at::Tensor& inputs) {
  const std::string& name = layout.encoder;
  const bool transposed = layout.encoder_transposed;
  if (!maps_in_place(file, name)) {
    const auto gather = [&](std::int64_t begin, std::int64_t count) {
      return gather_rows_of("encode", file, name, transposed, at::arange(begin, begin + count));
    };
    return encode_in_parts(gather, inputs.size(1), bias, inputs);
  }
  const at::Tensor encoder = map_matrix(file, name, transposed);
  if (encoder.scalar_type() == bias.scalar_type() && bias.is_cpu()) {
    return encode_rows(encoder, bias, inputs);
  }
  return encode_in_parts([&encoder](std::int64_t begin,
                                    std::int64_t count) { return encoder.narrow(0, begin, count); },
                         inputs.size(1), bias, inputs);
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
    result.activation.threshold = read_threshold(opened, layer).to(device_);
  }
  return result;
}

at::Tensor MappedTranscoders::read_threshold(const OpenedLayers& opened, std::size_t layer) const {
  const WeightFile& file = opened.files[layer].encoder;
  const std::string& name = opened.layouts[layer].threshold;
  at::Tensor threshold = map_tensor(file, name).to(at::kDouble);
  if (opened.threshold_is_log) threshold = threshold.exp();
  // x·[x > θ] of x that are not negative: the same as with a θ below 0 raised to 0.
  if (opened.threshold_relu) threshold = threshold.clamp_min(0);
  // An infinite threshold switches its feature off, which is how some are published.
  require_finite(opened.operation, file, name, threshold.masked_fill(threshold == kInfinity, 0));
  return (threshold.numel() == 1 ? threshold.reshape({}) : threshold).to(dtype_);
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
  const WeightFile& file = chosen.files.encoder;
  const std::string& name = chosen.layout.encoder;
  at::Tensor result = encode_with(file, chosen.layout, chosen.added_bias, inputs);
  release_pages(file, name);
  if (all_finite(result)) return result;
  // Only now is reading the whole encoder once more worth it.
  if (!all_finite(inputs)) {
    throw std::invalid_argument("[encode] layer " + std::to_string(layer) +
                                ": inputs are not finite");
  }
  require_finite("encode", file, name, map_tensor(file, name).to(dtype_));
  throw std::runtime_error("[encode] " + file.path().string() + ": tensor " + name +
                           ": pre-activations are too large for " + c10::toString(dtype_));
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
  release_pages(file, chosen.layout.encoder);
  require_finite("encoder_rows", file, chosen.layout.encoder, rows);
  return rows;
}

at::Tensor MappedTranscoders::encoder_bias(std::int64_t layer) const {
  return layer_at("encoder_bias", layer).encoder_bias;
}

at::Tensor MappedTranscoders::gather_part(const Layer& layer, const std::string& name,
                                          const at::Tensor& features) const {
  const WeightFile& file = layer.files.decoder;
  const at::Tensor rows =
      gather_rows_of("decoder_rows", file, name, layer.layout.decoder_transposed, features)
          .to(dtype_);
  release_pages(file, name);
  require_finite("decoder_rows", file, name, rows);
  return rows;
}

/// The layers written from `part` on that the features have: [k, n_written, d_model], or
/// [k, d_model] of one.
at::Tensor MappedTranscoders::gather_decoder(const Layer& layer, const at::Tensor& features,
                                             std::optional<std::int64_t> part) const {
  const LayerLayout& layout = layer.layout;
  if (!layout.decoder_parts.empty()) {
    if (part)
      return gather_part(layer, layout.decoder_parts[static_cast<std::size_t>(*part)], features);
    std::vector<at::Tensor> parts;
    for (const std::string& name : layout.decoder_parts) {
      parts.push_back(gather_part(layer, name, features));
    }
    return at::stack(parts, 1);
  }
  if (!layout.n_written) {
    const at::Tensor rows = gather_part(layer, layout.decoder, features);
    return part ? rows : rows.unsqueeze(1);
  }
  const WeightFile& file = layer.files.decoder;
  at::Tensor rows = gather_rows("decoder_rows", file, layout.decoder, features,
                                part ? std::optional(layout.first_written + *part) : std::nullopt);
  release_pages(file, layout.decoder);
  if (!part) rows = rows.narrow(1, layout.first_written, *layout.n_written);
  rows = rows.to(dtype_).contiguous();
  require_finite("decoder_rows", file, layout.decoder, rows);
  return rows;
}

at::Tensor MappedTranscoders::decoder_rows(std::int64_t source_layer,
                                           const at::Tensor& features) const {
  return gather_decoder(layer_at("decoder_rows", source_layer), features, std::nullopt);
}

at::Tensor MappedTranscoders::decoder_rows_into(std::int64_t source_layer,
                                                const at::Tensor& features,
                                                std::int64_t layer) const {
  const Layer& chosen = layer_at("decoder_rows", source_layer);
  const std::int64_t last = last_written_layer(source_layer);
  if (layer < source_layer || layer > last) {
    throw std::invalid_argument("[decoder_rows] features of layer " + std::to_string(source_layer) +
                                " write into layers " + std::to_string(source_layer) + " to " +
                                std::to_string(last) + ", asked for layer " +
                                std::to_string(layer));
  }
  return gather_decoder(chosen, features, layer - source_layer);
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

const Activation& MappedTranscoders::activation(std::int64_t layer) const {
  return layer_at("activation", layer).activation;
}

}  // namespace circuit
