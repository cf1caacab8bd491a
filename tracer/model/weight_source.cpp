#include "tracer/model/weight_source.h"

#include <utility>

#include "tracer/model/gguf_tensor.h"
#include "transcoders/tensor_view.h"
#include "transcoders/weights/gguf.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

class DirectorySource : public WeightSource {
 public:
  DirectorySource(const Architecture& family, WeightArchive archive)
      : WeightSource({.names = family.tensors,
                      .input_major = family.weights_are_input_major,
                      .gain_offset = family.gain_offset},
                     paths_of(archive)),
        renamings_(family.renamings),
        archive_(std::move(archive)) {}

  at::Tensor read(const std::string& name, std::span<const std::int64_t> shape,
                  at::ScalarType dtype) const override {
    const std::string stored = stored_name(name);
    const SafetensorsFile& file = archive_.file_of(stored);
    at::Tensor tensor = load_tensor("load_model", file, stored, shape, dtype);
    require_finite("load_model", file, stored, tensor);
    release_pages(file.view(stored).bytes);
    return tensor;
  }

 private:
  static std::vector<std::filesystem::path> paths_of(const WeightArchive& archive) {
    std::vector<std::filesystem::path> paths;
    for (const SafetensorsFile& file : archive.files()) paths.push_back(file.path());
    return paths;
  }

  std::string stored_name(const std::string& name) const {
    if (archive_.contains(name)) return name;
    for (const Renaming& renaming : renamings_) {
      if (renaming.named.empty() || !name.starts_with(renaming.named)) continue;
      std::string other = std::string(renaming.stored) + name.substr(renaming.named.size());
      if (archive_.contains(other)) return other;
    }
    return name;
  }

  std::array<Renaming, 3> renamings_;
  WeightArchive archive_;
};

// The names are the same for all families, of which each uses those it has an own name for.
TensorNames gguf_names(const TensorNames& family) {
  TensorNames names = {.embedding = "token_embd",
                       .position_embedding = "position_embd",
                       .final_norm = "output_norm",
                       .unembedding = "output",
                       .attention_norm = "blk.{}.attn_norm",
                       .mlp_norm = "blk.{}.ffn_norm",
                       .attention_post_norm = "blk.{}.post_attention_norm",
                       .mlp_post_norm = "blk.{}.post_ffw_norm",
                       .query_norm = "blk.{}.attn_q_norm",
                       .key_norm = "blk.{}.attn_k_norm",
                       .query = "blk.{}.attn_q",
                       .key = "blk.{}.attn_k",
                       .value = "blk.{}.attn_v",
                       .query_key_value = "blk.{}.attn_qkv",
                       .attention_output = "blk.{}.attn_output",
                       .gate = "blk.{}.ffn_gate",
                       .up = "blk.{}.ffn_up",
                       .down = "blk.{}.ffn_down"};
  if (family.query_key_value.empty()) names.query_key_value = {};
  return names;
}

class GgufSource : public WeightSource {
 public:
  GgufSource(const Architecture& family, GgufFile file)
      // Gains are stored as they are used, projections as [out, in], whatever the family.
      : WeightSource({.names = gguf_names(family.tensors),
                      .input_major = false,
                      .gain_offset = 0,
                      .rotates_neighbours = family.gguf.rotates_neighbours},
                     {file.path()}),
        file_(std::move(file)) {}

  at::Tensor read(const std::string& name, std::span<const std::int64_t> shape,
                  at::ScalarType dtype) const override {
    return load_gguf_tensor(file_, name, shape, dtype);
  }

 private:
  GgufFile file_;
};

}  // namespace

WeightSource::WeightSource(const WeightLayout& layout, std::vector<std::filesystem::path> files)
    : layout_(layout), files_(std::move(files)) {}

std::unique_ptr<WeightSource> open_weights(const std::filesystem::path& model,
                                           const Architecture& family) {
  if (GgufFile::recognises(model)) {
    return std::make_unique<GgufSource>(family, GgufFile::open(model));
  }
  return std::make_unique<DirectorySource>(family, WeightArchive::open(model));
}

}  // namespace circuit
