#include "tests/support/tiny_setup.h"

namespace circuit::testing {
namespace {

TinyTranscoderSpec fitting(const TinyModelSpec& model, TinyTranscoderSpec spec) {
  spec.n_layers = model.n_layers;
  spec.d_model = model.d_model;
  spec.n_features = 30;
  spec.dtype = Dtype::kF64;
  return spec;
}

struct Kind {
  const char* name;
  TinyTranscoderSpec spec;
};

const std::vector<Kind>& kinds() {
  using enum ActivationKind;
  static const std::vector<Kind> all = {
      {"plt_relu", {.activation = kRelu}},
      {"plt_jumprelu_resid",
       {.activation = kJumpRelu,
        .read_site = ReadSite::kResidualMid,
        .write_site = WriteSite::kMlpOut}},
      {"plt_topk_skip", {.activation = kTopK, .skip = true}},
      {"plt_relu_skip_normalized",
       {.activation = kRelu, .skip = true, .read_site = ReadSite::kNormalized}},
      {"clt_relu", {.cross_layer = true, .activation = kRelu}},
      {"clt_jumprelu_resid",
       {.cross_layer = true,
        .activation = kJumpRelu,
        .read_site = ReadSite::kResidualMid,
        .write_site = WriteSite::kMlpOut}},
      {"clt_topk_normalized",
       {.cross_layer = true, .activation = kTopK, .read_site = ReadSite::kNormalized}},
      {"clt_relu_skip", {.cross_layer = true, .activation = kRelu, .skip = true}},
  };
  return all;
}

// Those that between them pass through every norm, site and kind of write.
bool is_telling(const Kind& kind) {
  const std::string_view name = kind.name;
  return name == "plt_jumprelu_resid" || name == "plt_topk_skip" || name == "clt_relu";
}

// Families without a relative in the table: the others are one of these with other attention.
bool stands_alone(const Architecture& family) {
  return family.model_type == "llama" || family.model_type == "gpt2" ||
         family.model_type == "gemma2";
}

std::string identifier(std::string name) {
  for (char& c : name) c = c == '-' ? '_' : c;
  return name;
}

}  // namespace

std::vector<TinyCase> all_tiny_cases() {
  std::vector<TinyCase> cases;
  for (const Architecture* family : architectures()) {
    const TinyModelSpec model = {.family = family, .seed = 5};
    for (const Kind& kind : kinds()) {
      if (!stands_alone(*family) && !is_telling(kind)) continue;
      cases.push_back({identifier(std::string(family->model_type) + "_" + kind.name), model,
                       fitting(model, kind.spec)});
    }
  }
  for (const NamedModelSpec& model : all_tiny_models()) {
    cases.push_back({identifier(model.name + "-variant"), model.spec,
                     fitting(model.spec, kinds().front().spec)});
  }
  return cases;
}

TinySetup::TinySetup(const TinyCase& tiny, at::ScalarType dtype) {
  write_tiny_model(directory / "model", tiny.model);
  write_tiny_transcoders(directory / "transcoders", tiny.transcoders);
  model = load_model(directory / "model", dtype);
  transcoders = load_transcoders(directory / "transcoders", {.dtype = dtype});
}

}  // namespace circuit::testing
