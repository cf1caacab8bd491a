#include <memory>
#include <stdexcept>
#include <tuple>
#include <utility>

#include <ATen/ATen.h>

#include "tracer/model/architecture.h"
#include "tracer/model/model.h"
#include "tracer/model/weight_source.h"
#include "transcoders/product.h"
#include "transcoders/tensor_view.h"
#include "transcoders/weights/gguf.h"

namespace circuit {
namespace {

// Reads the parts of one model under the names that its files have for them.
class WeightReader {
 public:
  WeightReader(std::unique_ptr<const WeightSource> source, const Architecture& family,
               at::ScalarType dtype, at::Device device)
      : source_(std::move(source)),
        dtype_(dtype),
        device_(device),
        gains_are_offsets_(family.gain_offset != 0) {}

  const WeightLayout& layout() const { return source_->layout(); }
  const TensorNames& names() const { return layout().names; }

  at::Tensor read(const std::string& name, const std::vector<std::int64_t>& shape) const {
    return read(name, shape, dtype_);
  }

  at::Tensor read(const std::string& name, const std::vector<std::int64_t>& shape,
                  at::ScalarType dtype) const {
    const at::Tensor tensor = source_->read(name, shape, dtype);
    if (device_.is_cpu()) return tensor;
    at::Tensor copy = tensor.to(device_);
    release_pages(tensor);
    return copy;
  }

  /// A projection as [out, in], however the file stores it.
  at::Tensor projection(std::string_view pattern, std::int64_t layer, std::int64_t out,
                        std::int64_t in) const {
    const std::string name = layer_tensor(pattern, layer) + ".weight";
    return layout().input_major ? read(name, {in, out}).t() : read(name, {out, in});
  }

  /// Rows [n_heads · d_head, …] of queries or keys in the order that `apply_rotary` wants.
  at::Tensor in_halves(const at::Tensor& rows, std::int64_t n_heads) const {
    if (!layout().rotates_neighbours || !rows.defined()) return rows;
    const std::int64_t half = rows.size(0) / n_heads / 2;
    at::Tensor ordered = rows.reshape({n_heads, half, 2, -1}).transpose(1, 2).reshape(rows.sizes());
    release_pages(rows);
    return ordered;
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
    // An offset from 1 keeps digits that 16 bits do not have for the sum.
    if (!gains_are_offsets_) return read(name, {size});
    return read(name, {size}, sum_type(dtype_)) + layout().gain_offset;
  }

  std::unique_ptr<const WeightSource> source_;
  at::ScalarType dtype_;
  at::Device device_;
  bool gains_are_offsets_;
};

Attention read_attention(const ModelConfig& c, const WeightReader& reader, std::int64_t layer) {
  const TensorNames& names = reader.names();
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
    const auto rotated = [&](std::string_view pattern, std::int64_t size, std::int64_t n_heads) {
      return std::pair(
          reader.in_halves(reader.projection(pattern, layer, size, c.d_model), n_heads),
          reader.in_halves(reader.bias(pattern, layer, size, c.attention_bias), n_heads));
    };
    std::tie(a.query, a.query_bias) = rotated(names.query, d_query, c.n_heads);
    std::tie(a.key, a.key_bias) = rotated(names.key, d_value, c.n_kv_heads);
    a.value = reader.projection(names.value, layer, d_value, c.d_model);
    a.value_bias = reader.bias(names.value, layer, d_value, c.attention_bias);
  }
  a.query_norm = reader.head_norm(c, names.query_norm, layer);
  a.key_norm = reader.head_norm(c, names.key_norm, layer);
  a.span = c.spans[static_cast<std::size_t>(layer)];
  a.output = reader.projection(names.attention_output, layer, c.d_model, d_query);
  a.output_bias = reader.bias(names.attention_output, layer, c.d_model, c.attention_output_bias);
  return a;
}

Mlp read_mlp(const ModelConfig& c, const WeightReader& reader, std::int64_t layer) {
  const TensorNames& names = reader.names();
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

Model load_model(const std::filesystem::path& path, at::ScalarType dtype, at::Device device) {
  if (!std::filesystem::is_directory(path) && !GgufFile::recognises(path)) {
    throw std::runtime_error(
        "[load_model] " + path.string() +
        ": no such directory, expected a Hugging Face model directory or a GGUF file");
  }
  Model model;
  model.config = read_model_config(path);
  const ModelConfig& c = model.config;
  const Architecture& family = find_architecture(c.architecture, c.model_type);
  auto source = open_weights(path, family);
  model.files = source->files();
  const WeightReader reader(std::move(source), family, dtype, device);
  const TensorNames& names = reader.names();

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
    block.attention = read_attention(c, reader, layer);
    block.attention_post_norm = reader.post_norm(c, names.attention_post_norm, layer);
    block.mlp_norm = reader.norm(c, names.mlp_norm, layer);
    block.mlp = read_mlp(c, reader, layer);
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
