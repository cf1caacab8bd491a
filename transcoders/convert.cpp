#include "transcoders/convert.h"

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <yaml-cpp/yaml.h>

#include "transcoders/activation_choice.h"
#include "transcoders/sae.h"
#include "transcoders/tensor_view.h"
#include "transcoders/transcoder_set.h"
#include "transcoders/weights/atomic_directory.h"
#include "transcoders/weights/atomic_file.h"
#include "transcoders/weights/content_hash.h"
#include "transcoders/weights/directory_name.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

constexpr const char* kOperation = "convert";
/// Values that are in memory at once: 128 MiB of doubles.
constexpr std::int64_t kPartElements = std::int64_t{16} << 20;

/// One tensor to write: its shape, and its values for a range of the first axis.
struct Source {
  std::vector<std::int64_t> shape;
  std::function<at::Tensor(std::int64_t begin, std::int64_t count)> rows;
};

using Sources = std::map<std::string, Source>;

Source whole(const at::Tensor& tensor) {
  return {.shape = tensor.sizes().vec(), .rows = [tensor](std::int64_t begin, std::int64_t count) {
            return tensor.narrow(0, begin, count);
          }};
}

at::Tensor range(std::int64_t begin, std::int64_t count) {
  return at::arange(begin, begin + count);
}

std::int64_t write_sources(const std::filesystem::path& path, const Sources& sources, Dtype dtype) {
  std::vector<SafetensorsWriter::Tensor> tensors;
  for (const auto& [name, source] : sources) {
    tensors.push_back({.name = name, .dtype = dtype, .shape = source.shape});
  }
  SafetensorsWriter writer(path, std::move(tensors), {});
  std::int64_t bytes = 0;
  for (const auto& tensor : writer.order()) {
    std::int64_t row = 1;
    for (std::size_t i = 1; i < tensor.shape.size(); ++i) row *= tensor.shape[i];
    const std::int64_t step =
        std::max<std::int64_t>(1, kPartElements / std::max<std::int64_t>(row, 1));
    for (std::int64_t begin = 0; begin < tensor.shape[0]; begin += step) {
      const std::int64_t count = std::min(step, tensor.shape[0] - begin);
      const at::Tensor values =
          sources.at(tensor.name).rows(begin, count).to(at::kCPU, scalar_type(dtype)).contiguous();
      writer.write({static_cast<const std::byte*>(values.data_ptr()), values.nbytes()});
      bytes += static_cast<std::int64_t>(values.nbytes());
    }
  }
  writer.commit();
  return bytes;
}

at::Tensor threshold_of(const TranscoderSet& set, std::int64_t layer) {
  const at::Tensor threshold = set.activation(layer).threshold.reshape({-1});
  return threshold.expand({set.info().n_features});
}

Sources encoder_sources(const TranscoderSet& set, std::int64_t layer, const std::string& suffix) {
  const TranscoderInfo& info = set.info();
  Sources sources;
  sources["W_enc" + suffix] = {.shape = {info.n_features, info.d_model},
                               .rows = [&set, layer](std::int64_t begin, std::int64_t count) {
                                 return set.encoder_rows(layer, range(begin, count));
                               }};
  sources["b_enc" + suffix] = whole(set.encoder_bias(layer));
  sources["b_dec" + suffix] = whole(set.decoder_bias(layer));
  if (info.has_skip) sources["W_skip" + suffix] = whole(set.skip(layer));
  return sources;
}

Source decoder_source(const TranscoderSet& set, std::int64_t layer) {
  const TranscoderInfo& info = set.info();
  const std::int64_t n_written = set.last_written_layer(layer) - layer + 1;
  const auto rows = [&set, layer](std::int64_t begin, std::int64_t count) {
    return set.decoder_rows(layer, range(begin, count));
  };
  if (info.cross_layer) {
    return {.shape = {info.n_features, n_written, info.d_model}, .rows = rows};
  }
  return {.shape = {info.n_features, info.d_model},
          .rows = [rows](std::int64_t begin, std::int64_t count) {
            return rows(begin, count).squeeze(1);
          }};
}

std::int64_t write_layer(const std::filesystem::path& directory, const TranscoderSet& set,
                         std::int64_t layer, Dtype dtype) {
  const bool jumps = set.activation(layer).kind == ActivationKind::kJumpRelu;
  const std::string number = std::to_string(layer);
  if (!set.info().cross_layer) {
    Sources sources = encoder_sources(set, layer, "");
    sources["W_dec"] = decoder_source(set, layer);
    if (jumps) sources["activation_function.threshold"] = whole(threshold_of(set, layer));
    return write_sources(directory / ("layer_" + number + ".safetensors"), sources, dtype);
  }
  Sources sources = encoder_sources(set, layer, "_" + number);
  if (jumps) sources["threshold_" + number] = whole(threshold_of(set, layer));
  return write_sources(directory / ("W_enc_" + number + ".safetensors"), sources, dtype) +
         write_sources(directory / ("W_dec_" + number + ".safetensors"),
                       {{"W_dec_" + number, decoder_source(set, layer)}}, dtype);
}

/// A config.yaml, key by key.
class Config {
 public:
  Config() { emitter_ << YAML::BeginMap; }

  template <typename Value>
  void add(const char* key, const Value& value) {
    emitter_ << YAML::Key << key << YAML::Value << value;
  }
  void add(const char* key, const std::string& text) {
    if (!text.empty()) emitter_ << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << text;
  }
  void add(const Activation& activation) {
    // circuit-tracer's name, which ours are a part of.
    const bool jumps = activation.kind == ActivationKind::kJumpRelu;
    add("activation", jumps ? std::string("jump_relu") : std::string(name_of(activation.kind)));
    if (activation.k > 0) add("k", activation.k);
    if (activation.topk_relu) add("topk_relu", true);
  }
  void write(const std::filesystem::path& path) {
    emitter_ << YAML::EndMap;
    write_file_atomically(path, std::string(emitter_.c_str()) + "\n");
  }

 private:
  YAML::Emitter emitter_;
};

/// Where it comes from, under keys that readers leave alone.
template <typename Info>
void add_origin(const Info& info, const std::string& folded, Config& config) {
  config.add("converted_from_format", info.format);
  config.add("converted_from", directory_name(info.directory));
  config.add("converted_from_hash", content_hash(info.files));
  config.add("folded_into_weights", folded);
}

std::string scan_of(const std::string& scan, const std::filesystem::path& directory) {
  return scan.empty() ? directory_name(directory) : scan;
}

Dtype checked_dtype(Dtype dtype) {
  constexpr std::array kFloats{Dtype::kF64, Dtype::kF32, Dtype::kF16, Dtype::kBF16};
  if (std::ranges::find(kFloats, dtype) != kFloats.end()) return dtype;
  throw std::invalid_argument("[convert] dtype is " + std::string(name_of(dtype)) +
                              ", expected F64, F32, F16 or BF16");
}

Converted convert_set(const std::filesystem::path& from, AtomicDirectory& to,
                      const ConvertOptions& options) {
  const auto set = load_transcoders(from, {.dtype = at::kDouble});
  const TranscoderInfo& info = set->info();
  const Dtype dtype = checked_dtype(options.dtype.value_or(info.stored));
  Converted converted{.kind = info.cross_layer ? "cross-layer" : "per-layer",
                      .format = info.format,
                      .dtype = std::string(name_of(dtype)),
                      .n_layers = info.n_layers,
                      .d_model = info.d_model,
                      .n_features = info.n_features,
                      .folded = info.rescaled};
  for (std::int64_t layer = 0; layer < info.n_layers; ++layer) {
    if (options.progress) options.progress(layer, info.n_layers);
    converted.bytes += write_layer(to.partial(), *set, layer, dtype);
  }
  Config config;
  config.add("model_kind",
             std::string(info.cross_layer ? "cross_layer_transcoder" : "transcoder_set"));
  config.add("model_name", info.model_name);
  config.add("scan", scan_of(info.scan, from));
  config.add("feature_input_hook", std::string(name_of(info.read_site)));
  config.add("feature_output_hook", std::string(name_of(info.write_site)));
  config.add(set->activation(0));
  add_origin(info, converted.folded, config);
  config.write(to.partial() / "config.yaml");
  return converted;
}

Converted convert_sae(const std::filesystem::path& from, AtomicDirectory& to,
                      const ConvertOptions& options) {
  const auto sae = load_sae(from, {.dtype = at::kDouble}, options.hook);
  const SaeInfo& info = sae->info();
  const TranscoderSet& dictionary = sae->dictionary();
  const Dtype dtype = checked_dtype(options.dtype.value_or(info.stored));
  Sources sources = encoder_sources(dictionary, 0, "");
  sources["W_dec"] = decoder_source(dictionary, 0);
  const Activation& activation = dictionary.activation(0);
  if (activation.kind == ActivationKind::kJumpRelu) {
    sources["threshold"] = whole(threshold_of(dictionary, 0));
  }
  Converted converted{.kind = "SAE",
                      .format = info.format,
                      .dtype = std::string(name_of(dtype)),
                      .n_layers = 1,
                      .d_model = info.d_model,
                      .n_features = info.n_features,
                      .folded = info.rescaled};
  if (options.progress) options.progress(0, 1);
  converted.bytes = write_sources(to.partial() / "sae.safetensors", sources, dtype);
  Config config;
  config.add("model_kind", std::string("sae"));
  config.add("model_name", info.model_name);
  config.add("scan", scan_of(info.scan, from));
  config.add("hook", to_string(info.hook));
  config.add(activation);
  config.add("apply_b_dec_to_input", info.apply_b_dec_to_input);
  config.add("input_scale", info.input_scale);
  add_origin(info, converted.folded, config);
  config.write(to.partial() / "config.yaml");
  return converted;
}

}  // namespace

Converted convert_to_native(const std::filesystem::path& from, const std::filesystem::path& to,
                            const ConvertOptions& options) {
  if (options.dtype) checked_dtype(*options.dtype);
  AtomicDirectory directory(to, kOperation);
  const bool is_sae = options.hook.has_value() || is_sae_directory(from);
  Converted converted =
      is_sae ? convert_sae(from, directory, options) : convert_set(from, directory, options);
  directory.commit();
  return converted;
}

}  // namespace circuit
