#include <stdexcept>

#include <ATen/ATen.h>

#include "tracer/model/architecture.h"
#include "tracer/model/model.h"
#include "transcoders/product.h"
#include "transcoders/tensor_view.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

// Finds tensors of one model by the names of its family, and checks each as it is read.
class WeightReader {
 public:
  WeightReader(const Architecture& family, WeightArchive archive, at::ScalarType dtype,
               at::Device device)
      : family_(family), archive_(std::move(archive)), dtype_(dtype), device_(device) {}

  at::Tensor read(const std::string& name, std::vector<std::int64_t> shape) const {
    return read(name, std::move(shape), dtype_);
  }

  at::Tensor read(const std::string& name, std::vector<std::int64_t> shape,
                  at::ScalarType dtype) const {
    const std::string stored = stored_name(name);
    const SafetensorsFile& file = archive_.file_of(stored);
    at::Tensor tensor = load_tensor("load_model", file, stored, shape, dtype);
    require_finite("load_model", file, stored, tensor);
    tensor = tensor.to(device_);
    release_pages(file.view(stored).bytes);
    return tensor;
  }

  /// A projection as [out, in], however the family stores it.
  at::Tensor projection(std::string_view pattern, std::int64_t layer, std::int64_t out,
                        std::int64_t in) const {
    const std::string name = layer_tensor(pattern, layer) + ".weight";
    return family_.weights_are_input_major ? read(name, {in, out}).t() : read(name, {out, in});
  }

  at::Tensor bias(std::string_view pattern, std::int64_t layer, std::int64_t size,
                  bool exists) const {
    if (!exists) return {};
    return read(layer_tensor(pattern, layer) + ".bias", {size});
  }

  Norm norm(const ModelConfig& config, std::string_view pattern, std::int64_t layer) const {
    Norm norm;
    norm.kind = config.norm;
    norm.epsilon = config.norm_epsilon;
    norm.gain = gain(pattern, layer, config.d_model);
    norm.bias = bias(pattern, layer, config.d_model, config.norm == NormKind::kLayer);
    return norm;
  }

  std::optional<Norm> post_norm(const ModelConfig& config, std::string_view pattern,
                                std::int64_t layer) const {
    return config.post_norms ? std::optional(norm(config, pattern, layer)) : std::nullopt;
  }

  /// Over the queries or keys of one head.
  std::optional<Norm> head_norm(const ModelConfig& config, std::string_view pattern,
                                std::int64_t layer) const {
    if (!config.query_key_norms) return std::nullopt;
    return Norm{.kind = NormKind::kRms,
                .epsilon = config.norm_epsilon,
                .gain = gain(pattern, layer, config.d_head),
                .bias = {}};
  }

 private:
  at::Tensor gain(std::string_view pattern, std::int64_t layer, std::int64_t size) const {
    const std::string name = layer_tensor(pattern, layer) + ".weight";
    if (family_.gain_offset == 0) return read(name, {size});
    return read(name, {size}, sum_type(dtype_)) + family_.gain_offset;
  }

  std::string stored_name(const std::string& name) const {
    if (archive_.contains(name)) return name;
    for (const Renaming& renaming : family_.renamings) {
      if (renaming.named.empty() || !name.starts_with(renaming.named)) continue;
      std::string other = std::string(renaming.stored) + name.substr(renaming.named.size());
      if (archive_.contains(other)) return other;
    }
    return name;
  }

  const Architecture& family_;
  WeightArchive archive_;
  at::ScalarType dtype_;
  at::Device device_;
};

Attention read_attention(const ModelConfig& c, const TensorNames& names, const WeightReader& reader,
                         std::int64_t layer) {
  const std::int64_t d_query = c.n_heads * c.d_head;
  const std::int64_t d_value = c.n_kv_heads * c.d_head;
  Attention a;
  if (!names.query_key_value.empty()) {
    const std::int64_t d_all = d_query + 2 * d_value;
    const at::Tensor all = reader.projection(names.query_key_value, layer, d_all, c.d_model);
    a.query = all.narrow(0, 0, d_query);
    a.key = all.narrow(0, d_query, d_value);
    a.value = all.narrow(0, d_query + d_value, d_value);
    const at::Tensor bias = reader.bias(names.query_key_value, layer, d_all, c.attention_bias);
    if (bias.defined()) {
      a.query_bias = bias.narrow(0, 0, d_query);
      a.key_bias = bias.narrow(0, d_query, d_value);
      a.value_bias = bias.narrow(0, d_query + d_value, d_value);
    }
  } else {
    a.query = reader.projection(names.query, layer, d_query, c.d_model);
    a.key = reader.projection(names.key, layer, d_value, c.d_model);
    a.value = reader.projection(names.value, layer, d_value, c.d_model);
    a.query_bias = reader.bias(names.query, layer, d_query, c.attention_bias);
    a.key_bias = reader.bias(names.key, layer, d_value, c.attention_bias);
    a.value_bias = reader.bias(names.value, layer, d_value, c.attention_bias);
  }
  a.query_norm = reader.head_norm(c, names.query_norm, layer);
  a.key_norm = reader.head_norm(c, names.key_norm, layer);
  a.span = c.spans[static_cast<std::size_t>(layer)];
  a.output = reader.projection(names.attention_output, layer, c.d_model, d_query);
  a.output_bias = reader.bias(names.attention_output, layer, c.d_model, c.attention_output_bias);
  return a;
}

Mlp read_mlp(const ModelConfig& c, const TensorNames& names, const WeightReader& reader,
             std::int64_t layer) {
  Mlp m;
  if (c.mlp == MlpKind::kGated) {
    m.gate = reader.projection(names.gate, layer, c.d_mlp, c.d_model);
    m.gate_bias = reader.bias(names.gate, layer, c.d_mlp, c.mlp_bias);
  }
  m.up = reader.projection(names.up, layer, c.d_mlp, c.d_model);
  m.up_bias = reader.bias(names.up, layer, c.d_mlp, c.mlp_bias);
  m.down = reader.projection(names.down, layer, c.d_model, c.d_mlp);
  m.down_bias = reader.bias(names.down, layer, c.d_model, c.mlp_bias);
  return m;
}

}  // namespace

Model load_model(const std::filesystem::path& directory, at::ScalarType dtype, at::Device device) {
  if (!std::filesystem::is_directory(directory)) {
    throw std::runtime_error("[load_model] " + directory.string() +
                             ": no such directory, expected a Hugging Face model directory");
  }
  Model model;
  model.config = read_model_config(directory);
  const ModelConfig& c = model.config;
  const Architecture& family = find_architecture(c.architecture, c.model_type);
  const TensorNames& names = family.tensors;
  WeightArchive archive = WeightArchive::open(directory);
  for (const SafetensorsFile& file : archive.files()) model.files.push_back(file.path());
  const WeightReader reader(family, std::move(archive), dtype, device);

  model.name = c.name;
  model.dtype = dtype;
  model.embedding =
      reader.read(layer_tensor(names.embedding, 0) + ".weight", {c.vocabulary_size, c.d_model});
  if (c.positions == PositionKind::kLearned) {
    model.position_embedding = reader.read(layer_tensor(names.position_embedding, 0) + ".weight",
                                           {c.max_positions, c.d_model});
  }
  for (std::int64_t layer = 0; layer < c.n_layers; ++layer) {
    Block block;
    block.attention_norm = reader.norm(c, names.attention_norm, layer);
    block.attention = read_attention(c, names, reader, layer);
    block.attention_post_norm = reader.post_norm(c, names.attention_post_norm, layer);
    block.mlp_norm = reader.norm(c, names.mlp_norm, layer);
    block.mlp = read_mlp(c, names, reader, layer);
    block.mlp_post_norm = reader.post_norm(c, names.mlp_post_norm, layer);
    model.blocks.push_back(std::move(block));
  }
  model.final_norm = reader.norm(c, names.final_norm, 0);
  model.unembedding = c.tied_embeddings ? model.embedding
                                        : reader.read(std::string(names.unembedding) + ".weight",
                                                      {c.vocabulary_size, c.d_model});
  return model;
}

}  // namespace circuit
