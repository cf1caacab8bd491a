#include "tests/support/tiny_transcoders.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tensor_file.h"
#include "transcoders/tensor_view.h"

namespace circuit::testing {
namespace {

/// splitmix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9E37'79B9'7F4A'7C15U;
    std::uint64_t bits = state_;
    bits = (bits ^ (bits >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
    bits = (bits ^ (bits >> 27U)) * 0x94D0'49BB'1331'11EBU;
    return bits ^ (bits >> 31U);
  }

  /// Nearly normal, mean 0, variance 1: the sum of twelve uniform numbers. Unlike logarithm and
  /// cosine, sums and products are rounded alike by every C library.
  double normal() {
    double sum = -6.0;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(next() >> 11U) * 0x1p-53;
    return sum;
  }

 private:
  std::uint64_t state_;
};

/// z with P(normal > z) = share, to 1/256, so that no C library's last bit shows.
double upper_quantile(double share) {
  double low = -6.0;
  double high = 6.0;
  for (int i = 0; i < 50; ++i) {
    const double middle = 0.5 * (low + high);
    (0.5 * std::erfc(middle * std::sqrt(0.5)) > share ? low : high) = middle;
  }
  return std::round(low * 256.0) / 256.0;
}

/// Each kind of weight has its own stream in each layer.
enum class Stream : std::uint64_t {
  kEncoder,
  kEncoderBias,
  kThreshold,
  kDecoder,
  kDecoderBias,
  kSkip
};

class Writer {
 public:
  Writer(const std::filesystem::path& directory, const TinyTranscoderSpec& spec)
      : directory_(directory), spec_(spec), l0_(spec.target_l0) {
    if (l0_ == 0) l0_ = std::max<std::int64_t>(1, spec.n_features / 5);
    const double share = static_cast<double>(l0_) / static_cast<double>(spec.n_features);
    quantile_ = upper_quantile(std::min(share, 1.0));
  }

  void write() const {
    std::filesystem::create_directories(directory_);
    for (std::int64_t layer = 0; layer < spec_.n_layers; ++layer) {
      if (spec_.cross_layer) {
        write_cross_layer(layer);
      } else {
        write_per_layer(layer);
      }
    }
    write_config();
  }

 private:
  void write_per_layer(std::int64_t layer) const {
    NamedTensors tensors = encoder_tensors(layer, "", "activation_function.threshold");
    tensors["W_dec"] = decoder(layer, {spec_.n_features, spec_.d_model}, /*n_sources=*/1);
    if (spec_.activation == ActivationKind::kTopK) {
      tensors["k"] = at::full({}, l0_, at::TensorOptions().dtype(at::kLong));
    }
    write_tensors(directory_ / ("layer_" + std::to_string(layer) + ".safetensors"), tensors);
  }

  void write_cross_layer(std::int64_t layer) const {
    const std::string suffix = "_" + std::to_string(layer);
    write_tensors(directory_ / ("W_enc" + suffix + ".safetensors"),
                  encoder_tensors(layer, suffix, "threshold" + suffix));
    const std::vector<std::int64_t> shape{spec_.n_features, spec_.n_layers - layer, spec_.d_model};
    write_tensors(directory_ / ("W_dec" + suffix + ".safetensors"),
                  {{"W_dec" + suffix, decoder(layer, shape, /*n_sources=*/spec_.n_layers)}});
  }

  NamedTensors encoder_tensors(std::int64_t layer, const std::string& suffix,
                               const std::string& threshold) const {
    const std::int64_t n_features = spec_.n_features;
    const std::int64_t d_model = spec_.d_model;
    const double row_scale = 1.0 / std::sqrt(static_cast<double>(d_model));
    // ReLU has no threshold of its own: its bias keeps most features off.
    const double mean_bias = spec_.activation == ActivationKind::kRelu ? -quantile_ : 0.0;
    NamedTensors tensors;
    tensors["W_enc" + suffix] =
        random(layer, Stream::kEncoder, {n_features, d_model}, 0.0, row_scale);
    tensors["b_enc" + suffix] = random(layer, Stream::kEncoderBias, {n_features}, mean_bias, 0.1);
    tensors["b_dec" + suffix] = random(layer, Stream::kDecoderBias, {d_model}, 0.0, 0.1);
    if (spec_.activation == ActivationKind::kJumpRelu) {
      tensors[threshold] = random(layer, Stream::kThreshold, {n_features}, quantile_, 0.1);
    }
    if (spec_.skip) {
      tensors["W_skip" + suffix] =
          random(layer, Stream::kSkip, {d_model, d_model}, 0.0, 0.3 * row_scale);
    }
    return tensors;
  }

  at::Tensor decoder(std::int64_t layer, const std::vector<std::int64_t>& shape,
                     std::int64_t n_sources) const {
    // The root mean square of active values, which the bias of ReLU has lowered.
    const double activation = spec_.activation == ActivationKind::kRelu ? 0.7 : 1.4;
    const double scale = 0.5 / activation / std::sqrt(static_cast<double>(l0_ * n_sources));
    return random(layer, Stream::kDecoder, shape, 0.0, scale);
  }

  at::Tensor random(std::int64_t layer, Stream stream, const std::vector<std::int64_t>& shape,
                    double mean, double scale) const {
    Random seeds(spec_.seed);
    const auto key = static_cast<std::uint64_t>(layer) * 16 + static_cast<std::uint64_t>(stream);
    Random generator(seeds.next() + key * 0xD1B5'4A32'D192'ED03U);
    at::Tensor values = at::empty(shape, at::TensorOptions().dtype(at::kDouble));
    auto* data = values.data_ptr<double>();
    // Explicit: some compilers would fuse the two operations by themselves, others not.
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      data[i] = std::fma(scale, generator.normal(), mean);
    }
    return values.to(scalar_type(spec_.dtype));
  }

  void write_config() const {
    const std::string kind = spec_.cross_layer ? "cross_layer_transcoder" : "transcoder_set";
    std::string text = "model_name: tiny\nmodel_kind: " + kind +
                       "\nfeature_input_hook: " + std::string(name_of(spec_.read_site)) +
                       "\nfeature_output_hook: " + std::string(name_of(spec_.write_site)) +
                       "\nscan: tiny\n";
    if (spec_.cross_layer && spec_.activation == ActivationKind::kTopK) {
      text += "activation: topk\nk: " + std::to_string(l0_) + "\n";
    }
    write_text(directory_ / "config.yaml", text);
  }

  std::filesystem::path directory_;
  TinyTranscoderSpec spec_;
  std::int64_t l0_ = 0;
  double quantile_ = 0.0;
};

}  // namespace

std::filesystem::path write_tiny_transcoders(const std::filesystem::path& directory,
                                             const TinyTranscoderSpec& spec) {
  Writer(directory, spec).write();
  return directory;
}

}  // namespace circuit::testing
