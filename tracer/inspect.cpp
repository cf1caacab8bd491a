#include "tracer/inspect.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/model/model.h"
#include "tracer/text/chat/chat_template_file.h"
#include "tracer/text/gguf_tokenizer.h"
#include "tracer/text/tokenizer.h"
#include "transcoders/dead_features.h"
#include "transcoders/sae.h"
#include "transcoders/tensor_view.h"
#include "transcoders/transcoder_set.h"
#include "transcoders/weights/content_hash.h"
#include "transcoders/weights/directory_name.h"
#include "transcoders/weights/gguf.h"
#include "transcoders/weights/safetensors.h"
#include "transcoders/weights/weight_file.h"

namespace circuit {
namespace {

struct Contents {
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
  std::map<std::string, StoredType, std::less<>> types;

  void add(std::string_view type, std::int64_t elements, std::size_t size) {
    StoredType& stored = types[std::string(type)];
    stored.name = type;
    ++stored.tensors;
    stored.bytes += static_cast<std::int64_t>(size);
    parameters += elements;
    bytes += static_cast<std::int64_t>(size);
  }

  void add(const WeightFile& file) {
    for (const std::string& name : file.names()) {
      const TensorView& view = file.view(name);
      add(name_of(view.dtype), view.elements(), view.bytes.size());
    }
  }

  void add(const GgufFile& file) {
    for (const GgufTensorView& view : file.tensors()) {
      add(name_of(view.type), view.elements(), view.bytes.size());
    }
  }

  std::string dtype_text() const {
    std::string text;
    for (const auto& [name, stored] : types) text += (text.empty() ? "" : ", ") + name;
    return text;
  }

  std::vector<StoredType> type_list() const {
    std::vector<StoredType> list;
    for (const auto& [name, stored] : types) list.push_back(stored);
    return list;
  }
};

// The type of most of the weights, in which nothing needs to be converted.
at::ScalarType stored_type(const WeightArchive& archive) {
  const TensorView* largest = nullptr;
  for (const std::string& name : archive.names()) {
    const TensorView& view = archive.view(name);
    if (largest == nullptr || view.elements() > largest->elements()) largest = &view;
  }
  const at::ScalarType type = largest == nullptr ? at::kFloat : scalar_type(largest->dtype);
  return at::isFloatingType(type) ? type : at::kFloat;
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return text;
}

std::string count_misfit(const char* what, std::int64_t found, std::int64_t expected) {
  return std::string(what) + " is " + std::to_string(found) + ", the model has " +
         std::to_string(expected);
}

Contents contents_of(const std::vector<std::filesystem::path>& files) {
  Contents contents;
  for (const auto& file : files) contents.add(WeightFile::open(file));
  return contents;
}

std::vector<DeadCount> count_dead(const TranscoderSet& set) {
  std::vector<DeadCount> counts;
  for (const DeadFeatures& dead : count_dead_features(set)) {
    counts.push_back({.encoder_rows = dead.encoder_rows,
                      .decoder_rows = dead.decoder_rows,
                      .thresholds = dead.thresholds});
  }
  return counts;
}

ModelDescription describe(const Model& model, const Contents& contents, bool full_hash) {
  const ModelConfig& config = model.config;
  ModelDescription description;
  description.name = model.name;
  description.architecture = config.architecture;
  description.dtype = contents.dtype_text();
  description.stored_types = contents.type_list();
  description.n_layers = config.n_layers;
  description.d_model = config.d_model;
  description.n_heads = config.n_heads;
  description.n_kv_heads = config.n_kv_heads;
  description.d_head = config.d_head;
  description.d_mlp = config.d_mlp;
  description.vocabulary_size = config.vocabulary_size;
  description.max_positions = config.max_positions;
  description.parameters = contents.parameters;
  description.bytes = contents.bytes;
  description.hash = content_hash(model.files, full_hash);
  return description;
}

ModelDescription describe_file(const std::filesystem::path& path, bool full_hash) {
  const GgufFile file = GgufFile::open(path);
  Contents contents;
  contents.add(file);
  // Only looked at: the narrowest type takes the least memory.
  ModelDescription description = describe(load_model(path, at::kBFloat16), contents, full_hash);
  description.format = "GGUF " + std::to_string(file.version());
  description.has_tokenizer = Tokenizer::is_at(path);
  if (description.has_tokenizer) description.tokenizer = describe_gguf_tokenizer(file);
  return description;
}

ModelDescription describe_directory(const std::filesystem::path& directory, bool full_hash) {
  const WeightArchive archive = WeightArchive::open(directory);
  Contents contents;
  for (const SafetensorsFile& file : archive.files()) contents.add(file);
  ModelDescription description =
      describe(load_model(directory, stored_type(archive)), contents, full_hash);
  description.format = "safetensors";
  description.has_tokenizer = Tokenizer::is_at(directory);
  if (description.has_tokenizer) {
    const bool has_json = std::filesystem::exists(directory / "tokenizer.json");
    description.tokenizer = has_json ? "tokenizer.json" : "tokenizer.model";
  }
  return description;
}

}  // namespace

ModelDescription describe_model(const std::filesystem::path& model, bool full_hash) {
  ModelDescription description = GgufFile::recognises(model) ? describe_file(model, full_hash)
                                                             : describe_directory(model, full_hash);
  description.directory = model;
  description.has_chat_template = has_chat_template(model);
  return description;
}

TranscodersDescription describe_transcoders(const std::filesystem::path& directory,
                                            const DescribeOptions& options) {
  const TranscoderInfo info = inspect_transcoders(directory);
  const Contents contents = contents_of(info.files);
  TranscodersDescription described{.directory = directory,
                                   .name = directory_name(directory),
                                   .format = info.format,
                                   .model_name = info.model_name,
                                   .scan = info.scan,
                                   .kind = info.cross_layer ? "cross-layer" : "per-layer",
                                   .activation = info.activation,
                                   .read_site = std::string(name_of(info.read_site)),
                                   .write_site = std::string(name_of(info.write_site)),
                                   .dtype = contents.dtype_text(),
                                   .n_layers = info.n_layers,
                                   .d_model = info.d_model,
                                   .n_features = info.n_features,
                                   .has_skip = info.has_skip,
                                   .rescaled = info.rescaled,
                                   .parameters = contents.parameters,
                                   .bytes = contents.bytes,
                                   .hash = content_hash(info.files, options.full_hash),
                                   .dead = {}};
  if (contents.bytes <= options.counted_bytes) {
    described.dead = count_dead(*load_transcoders(directory));
  }
  return described;
}

SaeDescription describe_sae(const std::filesystem::path& directory,
                            const DescribeOptions& options) {
  const SaeInfo info = inspect_sae(directory);
  const Contents contents = contents_of(info.files);
  SaeDescription described{.directory = directory,
                           .name = directory_name(directory),
                           .format = info.format,
                           .model_name = info.model_name,
                           .scan = info.scan,
                           .hook = to_string(info.hook),
                           .layer = info.hook.layer,
                           .activation = info.activation,
                           .apply_b_dec_to_input = info.apply_b_dec_to_input,
                           .input_scale = info.input_scale,
                           .dtype = contents.dtype_text(),
                           .d_model = info.d_model,
                           .n_features = info.n_features,
                           .rescaled = info.rescaled,
                           .parameters = contents.parameters,
                           .bytes = contents.bytes,
                           .hash = content_hash(info.files, options.full_hash),
                           .dead = {}};
  if (contents.bytes <= options.counted_bytes) {
    described.dead = count_dead(load_sae(directory)->dictionary());
  }
  return described;
}

std::string find_misfit(const ModelDescription& model, const TranscodersDescription& transcoders) {
  if (transcoders.n_layers != model.n_layers) {
    return count_misfit("the transcoders' number of layers", transcoders.n_layers, model.n_layers);
  }
  if (transcoders.d_model != model.d_model) {
    return count_misfit("the transcoders' d_model", transcoders.d_model, model.d_model);
  }
  return {};
}

std::string find_misfit(const ModelDescription& model, const SaeDescription& sae) {
  if (sae.d_model != model.d_model) {
    return count_misfit("the SAE's d_model", sae.d_model, model.d_model);
  }
  if (sae.layer >= model.n_layers) {
    return "the SAE reads " + sae.hook + ", the model has layers 0 to " +
           std::to_string(model.n_layers - 1);
  }
  return {};
}

std::string find_other_model_name(const std::string& model_name, const std::filesystem::path& model,
                                  const std::filesystem::path& transcoders) {
  const std::string made_for = inspect_transcoders(transcoders).model_name;
  const std::string name = lower_case(made_for.substr(made_for.rfind('/') + 1));
  const std::string path = lower_case(std::filesystem::weakly_canonical(model).string());
  const bool same = name == lower_case(model_name) || path.find(name) != std::string::npos;
  return same ? std::string() : made_for;
}

}  // namespace circuit
