// Every format against what the library that wrote it computes (tests/golden/formats).
#include <filesystem>
#include <map>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tensor_file.h"
#include "transcoders/convert.h"
#include "transcoders/sae.h"
#include "transcoders/transcoder_set.h"

namespace circuit {
namespace {

using testing::NamedTensors;
using testing::read_tensors;
using testing::TempDir;

// Both sides compute in float, in other orders.
constexpr double kTolerance = 1e-5;

std::filesystem::path golden(const std::string& name) {
  return std::filesystem::path(CIRCUIT_GOLDEN_DIR) / "formats" / name;
}

NamedTensors expected_of(const std::string& name) {
  return read_tensors(golden(name + ".safetensors"));
}

/// Everything that features of all layers write into `layer`, bias and skip included: [n, d_model].
at::Tensor output_of(const TranscoderSet& set, const std::vector<at::Tensor>& activations,
                     const at::Tensor& inputs, std::int64_t layer) {
  const at::Tensor all = at::arange(set.info().n_features);
  at::Tensor output = set.decoder_bias(layer).unsqueeze(0);
  for (std::int64_t source = 0; source <= layer; ++source) {
    if (set.last_written_layer(source) < layer) continue;
    const at::Tensor rows = set.decoder_rows_into(source, all, layer);
    EXPECT_TRUE(at::equal(rows, set.decoder_rows(source, all).select(1, layer - source)));
    output = output + at::matmul(activations[static_cast<std::size_t>(source)], rows);
  }
  const at::Tensor skip = set.skip(layer);
  return skip.defined() ? output + at::matmul(inputs, skip.t()) : output;
}

void expect_equal_set(const TranscoderSet& set, const NamedTensors& expected) {
  const at::Tensor& inputs = expected.at("inputs");
  std::vector<at::Tensor> activations;
  for (std::int64_t layer = 0; layer < set.info().n_layers; ++layer) {
    const at::Tensor pre = set.encode(layer, inputs[layer]);
    activations.push_back(set.activate(layer, pre));
    EXPECT_TRUE(
        at::allclose(activations.back(), expected.at("activations")[layer], kTolerance, kTolerance))
        << "layer " << layer;
    EXPECT_GT(activations.back().ne(0).sum().item<std::int64_t>(), 3) << "layer " << layer;
    const at::Tensor features = at::arange(set.info().n_features);
    const at::Tensor by_rows =
        at::matmul(inputs[layer], set.encoder_rows(layer, features).t()) + set.encoder_bias(layer);
    EXPECT_TRUE(at::allclose(by_rows, pre, kTolerance, kTolerance)) << "layer " << layer;
    EXPECT_TRUE(at::allclose(output_of(set, activations, inputs[layer], layer),
                             expected.at("outputs")[layer], kTolerance, kTolerance))
        << "layer " << layer;
  }
}

struct SetCase {
  std::string name, format, activation;
  bool cross_layer, skip;
  ReadSite reads;
  WriteSite writes;
};

class OtherSets : public ::testing::TestWithParam<SetCase> {};

TEST_P(OtherSets, ComputeWhatTheirLibraryDoes) {
  const SetCase& wanted = GetParam();
  const std::filesystem::path directory = golden("transcoders/" + wanted.name);
  const auto set = load_transcoders(directory);
  const TranscoderInfo& info = set->info();
  EXPECT_EQ(info.format, wanted.format);
  EXPECT_EQ(info.activation, wanted.activation);
  EXPECT_EQ(info.cross_layer, wanted.cross_layer);
  EXPECT_EQ(info.has_skip, wanted.skip);
  EXPECT_EQ(info.read_site, wanted.reads);
  EXPECT_EQ(info.write_site, wanted.writes);
  EXPECT_EQ(info.n_layers, 3);
  EXPECT_EQ(info.d_model, 8);
  EXPECT_EQ(info.n_features, 12);
  expect_equal_set(*set, expected_of("transcoders/" + wanted.name));
  expect_equal_set(*load_transcoders(directory, {.dtype = at::kFloat}),
                   expected_of("transcoders/" + wanted.name));
}

TEST_P(OtherSets, ComputeTheSameInTheNativeFormat) {
  const SetCase& wanted = GetParam();
  const TempDir directory;
  const Converted done =
      convert_to_native(golden("transcoders/" + wanted.name), directory / "native");
  EXPECT_EQ(done.kind, wanted.cross_layer ? "cross-layer" : "per-layer");
  EXPECT_EQ(done.format, wanted.format);
  EXPECT_EQ(done.dtype, "F32");
  const auto set = load_transcoders(directory / "native");
  EXPECT_EQ(set->info().format, "native");
  EXPECT_EQ(set->info().activation, wanted.activation);
  EXPECT_EQ(set->info().has_skip, wanted.skip);
  EXPECT_EQ(set->info().read_site, wanted.reads);
  EXPECT_EQ(set->info().write_site, wanted.writes);
  expect_equal_set(*set, expected_of("transcoders/" + wanted.name));
}

INSTANTIATE_TEST_SUITE_P(
    All, OtherSets,
    ::testing::Values(SetCase{"gemma-scope-transcoders", "Gemma Scope", "jumprelu", false, false,
                              ReadSite::kNormalized, WriteSite::kMlpOut},
                      SetCase{"gemma-scope-2-transcoders", "Gemma Scope 2", "jumprelu", false, true,
                              ReadSite::kMlpIn, WriteSite::kMlpOut},
                      SetCase{"gemma-scope-2-clt", "Gemma Scope 2", "jumprelu", true, true,
                              ReadSite::kMlpIn, WriteSite::kMlpOut},
                      SetCase{"sparsify", "sparsify", "topk 4 of positive values", false, true,
                              ReadSite::kMlpIn, WriteSite::kMlpOutRaw},
                      SetCase{"sparsify-groupmax", "sparsify", "groupmax 4", false, false,
                              ReadSite::kMlpIn, WriteSite::kMlpOutRaw},
                      SetCase{"saelens-relu", "SAELens", "relu", false, false,
                              ReadSite::kNormalized, WriteSite::kMlpOut},
                      SetCase{"saelens-jumprelu-skip", "SAELens", "jumprelu", false, true,
                              ReadSite::kNormalized, WriteSite::kMlpOut},
                      SetCase{"llamascopium-relu", "Llamascopium", "relu", true, false,
                              ReadSite::kResidualMid, WriteSite::kMlpOut},
                      SetCase{"llamascopium-topk", "Llamascopium", "topk 4 of positive values",
                              true, false, ReadSite::kResidualMid, WriteSite::kMlpOut},
                      SetCase{"llamascopium-jumprelu", "Llamascopium", "jumprelu", true, false,
                              ReadSite::kResidualMid, WriteSite::kMlpOut}),
    [](const auto& parameter) {
      std::string name = parameter.param.name;
      for (char& c : name) c = c == '-' ? '_' : c;
      return name;
    });

struct SaeCase {
  std::string name, folder, format, activation, hook;
  bool subtracts;
};

class OtherSaes : public ::testing::TestWithParam<SaeCase> {};

TEST_P(OtherSaes, ComputeWhatTheirLibraryDoes) {
  const SaeCase& wanted = GetParam();
  const std::filesystem::path directory = golden("saes/" + wanted.name) / wanted.folder;
  EXPECT_TRUE(is_sae_directory(directory));
  const auto sae = load_sae(directory);
  EXPECT_EQ(sae->info().format, wanted.format);
  EXPECT_EQ(sae->info().activation, wanted.activation);
  EXPECT_EQ(to_string(sae->info().hook), wanted.hook);
  EXPECT_EQ(sae->info().apply_b_dec_to_input, wanted.subtracts);
  const NamedTensors expected = expected_of("saes/" + wanted.name);
  const at::Tensor activations = sae->activations(expected.at("inputs"));
  EXPECT_GT(activations.ne(0).sum().item<std::int64_t>(), 3);
  EXPECT_TRUE(at::allclose(activations, expected.at("activations"), kTolerance, kTolerance));
  EXPECT_TRUE(
      at::allclose(sae->decode(activations), expected.at("outputs"), kTolerance, kTolerance));
}

TEST_P(OtherSaes, ComputeTheSameInTheNativeFormat) {
  const SaeCase& wanted = GetParam();
  const TempDir directory;
  const Converted done = convert_to_native(golden("saes/" + wanted.name) / wanted.folder,
                                           directory / "native", {.dtype = Dtype::kF64});
  EXPECT_EQ(done.kind, "SAE");
  EXPECT_EQ(done.dtype, "F64");
  const auto sae = load_sae(directory / "native");
  EXPECT_EQ(sae->info().format, "native");
  EXPECT_EQ(sae->info().activation, wanted.activation);
  EXPECT_EQ(to_string(sae->info().hook), wanted.hook);
  EXPECT_EQ(sae->info().apply_b_dec_to_input, wanted.subtracts);
  const NamedTensors expected = expected_of("saes/" + wanted.name);
  const at::Tensor activations = sae->activations(expected.at("inputs"));
  EXPECT_TRUE(at::allclose(activations, expected.at("activations"), kTolerance, kTolerance));
  EXPECT_TRUE(
      at::allclose(sae->decode(activations), expected.at("outputs"), kTolerance, kTolerance));
}

INSTANTIATE_TEST_SUITE_P(
    All, OtherSaes,
    ::testing::Values(SaeCase{"saelens-standard", "", "SAELens", "relu", "resid_pre.2", true},
                      SaeCase{"saelens-jumprelu", "", "SAELens", "jumprelu", "mlp_out.1", false},
                      SaeCase{"saelens-topk", "", "SAELens", "topk 4 of positive values",
                              "attn_out.0", true},
                      SaeCase{"saelens-batchtopk", "", "SAELens", "jumprelu", "resid_post.2", true},
                      SaeCase{"saelens-v5-topk", "", "SAELens", "topk 4 of positive values",
                              "resid_post.1", true},
                      SaeCase{"sparsify", "layers.2", "sparsify", "topk 4 of positive values",
                              "resid_post.2", true},
                      SaeCase{"dictionary-learning-standard", "", "dictionary_learning", "relu",
                              "resid_post.2", true},
                      SaeCase{"dictionary-learning-new", "", "dictionary_learning", "relu",
                              "resid_post.2", false},
                      SaeCase{"dictionary-learning-topk", "", "dictionary_learning",
                              "topk 4 of positive values", "resid_post.2", true},
                      SaeCase{"dictionary-learning-batchtopk", "", "dictionary_learning",
                              "jumprelu", "resid_post.2", true},
                      SaeCase{"dictionary-learning-matryoshka", "", "dictionary_learning",
                              "jumprelu", "resid_post.2", true},
                      SaeCase{"dictionary-learning-jumprelu", "", "dictionary_learning", "jumprelu",
                              "resid_post.2", false},
                      SaeCase{"gemma-scope-2b-pt-res", "layer_1/width_12/average_l0_4",
                              "Gemma Scope", "jumprelu", "resid_post.1", false}),
    [](const auto& parameter) {
      std::string name = parameter.param.name;
      for (char& c : name) c = c == '-' ? '_' : c;
      return name;
    });

}  // namespace
}  // namespace circuit
