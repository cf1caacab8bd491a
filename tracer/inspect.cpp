#include "tracer/inspect.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "tracer/model/model.h"
#include "transcoders/tensor_view.h"
#include "transcoders/transcoder_set.h"
#include "transcoders/weights/content_hash.h"
#include "transcoders/weights/directory_name.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

struct Contents {
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;
  std::set<std::string> dtypes;

  void add(const SafetensorsFile& file) {
    for (const std::string& name : file.names()) {
      const TensorView& view = file.view(name);
      parameters += view.elements();
      bytes += static_cast<std::int64_t>(view.bytes.size());
      dtypes.emplace(name_of(view.dtype));
    }
  }

  std::string dtype_text() const {
    std::string text;
    for (const std::string& dtype : dtypes) text += (text.empty() ? "" : ", ") + dtype;
    return text;
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

}  // namespace

ModelDescription describe_model(const std::filesystem::path& directory, bool full_hash) {
  const ModelConfig config = read_model_config(directory);
  const WeightArchive archive = WeightArchive::open(directory);
  const Model model = load_model(directory, stored_type(archive));
  Contents contents;
  for (const SafetensorsFile& file : archive.files()) contents.add(file);
  return {.directory = directory,
          .name = model.name,
          .architecture = config.architecture,
          .dtype = contents.dtype_text(),
          .n_layers = config.n_layers,
          .d_model = config.d_model,
          .n_heads = config.n_heads,
          .n_kv_heads = config.n_kv_heads,
          .d_head = config.d_head,
          .d_mlp = config.d_mlp,
          .vocabulary_size = config.vocabulary_size,
          .max_positions = config.max_positions,
          .parameters = contents.parameters,
          .bytes = contents.bytes,
          .has_tokenizer = std::filesystem::exists(directory / "tokenizer.json"),
          .hash = content_hash(model.files, full_hash)};
}

TranscodersDescription describe_transcoders(const std::filesystem::path& directory,
                                            bool full_hash) {
  const TranscoderInfo info = inspect_transcoders(directory);
  Contents contents;
  for (const auto& file : info.files) contents.add(SafetensorsFile::open(file));
  return {.directory = directory,
          .name = directory_name(directory),
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
          .parameters = contents.parameters,
          .bytes = contents.bytes,
          .hash = content_hash(info.files, full_hash)};
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

std::string find_other_model_name(const std::string& model_name, const std::filesystem::path& model,
                                  const std::filesystem::path& transcoders) {
  const std::string made_for = inspect_transcoders(transcoders).model_name;
  const std::string name = lower_case(made_for.substr(made_for.rfind('/') + 1));
  const std::string path = lower_case(std::filesystem::weakly_canonical(model).string());
  const bool same = name == lower_case(model_name) || path.find(name) != std::string::npos;
  return same ? std::string() : made_for;
}

}  // namespace circuit
