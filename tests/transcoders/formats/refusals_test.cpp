// Descriptions of other formats that would be computed wrongly, and folders that are no set.
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tensor_file.h"
#include "tests/support/throws.h"
#include "transcoders/formats/hook_place.h"
#include "transcoders/sae.h"
#include "transcoders/transcoder_set.h"

namespace circuit {
namespace {

using testing::edit_tensors;
using testing::message_of;
using testing::NamedTensors;
using testing::read_text;
using testing::TempDir;
using testing::write_text;

/// A copy of a golden directory that a test may damage.
class Refusals : public ::testing::Test {
 protected:
  void copy(const std::string& name) {
    const std::filesystem::path from = std::filesystem::path(CIRCUIT_GOLDEN_DIR) / "formats" / name;
    std::filesystem::remove_all(root());
    std::filesystem::copy(from, root(), std::filesystem::copy_options::recursive);
  }
  std::filesystem::path root() const { return directory_ / "copy"; }
  void replace(const std::string& file, const std::string& was, const std::string& is) const {
    std::string text = read_text(root() / file);
    const std::size_t at = text.find(was);
    ASSERT_NE(at, std::string::npos) << text;
    write_text(root() / file, text.replace(at, was.size(), is));
  }
  /// Messages without `[operation] ROOT/`.
  std::string set_refusal() const {
    return shortened(message_of<std::runtime_error>([&] { inspect_transcoders(root()); }),
                     "[load_transcoders] ");
  }
  std::string sae_refusal(const std::string& folder = "") const {
    return shortened(message_of<std::runtime_error>(
                         [&] { inspect_sae(folder.empty() ? root() : root() / folder); }),
                     "[load_sae] ");
  }

 private:
  std::string shortened(const std::string& message, const std::string& operation) const {
    const std::string start = operation + root().string();
    return message.starts_with(start) ? message.substr(start.size() + 1) : message;
  }

  TempDir directory_;
};

TEST_F(Refusals, SetsNeedEveryLayerOnce) {
  copy("transcoders/saelens-relu");
  std::filesystem::rename(root() / "layer_1", root() / "other");
  EXPECT_EQ(inspect_transcoders(root()).n_layers, 3);  // folders may have any name
  std::filesystem::copy(root() / "layer_0", root() / "again",
                        std::filesystem::copy_options::recursive);
  EXPECT_EQ(set_refusal(), " layer 0 is there twice, in " + (root() / "again").string() + " and " +
                               (root() / "layer_0").string() +
                               "; name one file a layer in the list `transcoders` of a "
                               "config.yaml");
  std::filesystem::remove_all(root() / "again");
  std::filesystem::remove_all(root() / "other");
  EXPECT_EQ(set_refusal(), " no layer 1, but layer 2");
}

TEST_F(Refusals, LayersOfASetDifferInWeightsOnly) {
  copy("transcoders/sparsify");
  replace("layers.2.mlp/cfg.json", "\"k\": 4", "\"k\": 3");
  EXPECT_EQ(set_refusal(), "layers.2.mlp/cfg.json: k is 3, layer 0 has 4");
  copy("transcoders/saelens-relu");
  replace("layer_1/cfg.json", "hook_normalized", "hook_in");
  EXPECT_TRUE(set_refusal().starts_with("layer_1/cfg.json: reads \"blocks.1.ln2.hook_in\", "))
      << set_refusal();
  copy("transcoders/saelens-relu");
  replace("layer_1/cfg.json", "blocks.1.hook_mlp_out", "blocks.2.hook_mlp_out");
  EXPECT_EQ(set_refusal(), "layer_1/cfg.json: reads layer 1 and writes layer 2, expected the same");
}

TEST_F(Refusals, SaesAreNoTranscodersAndTheOtherWayRound) {
  copy("saes/saelens-standard");
  EXPECT_EQ(set_refusal(), "cfg.json: describes an SAE, expected a transcoder");
  copy("transcoders/saelens-relu");
  EXPECT_EQ(sae_refusal("layer_0"), "layer_0/cfg.json: describes a transcoder, expected an SAE");
  EXPECT_EQ(sae_refusal(),
            " holds \"layer_0\", \"layer_1\", \"layer_2\", expected config.yaml, or "
            "the files of Gemma Scope, sparsify, SAELens or dictionary_learning");
  EXPECT_FALSE(is_sae_directory(root() / "layer_0"));
}

TEST_F(Refusals, TensorsThatWouldBeLeftOut) {
  copy("transcoders/sparsify");
  edit_tensors(root() / "layers.1.mlp/sae.safetensors",
               [](NamedTensors& tensors) { tensors["extra"] = at::zeros({2}); });
  EXPECT_EQ(set_refusal(),
            "layers.1.mlp/sae.safetensors: tensor \"extra\" is unknown, expected only W_dec, "
            "W_skip, b_dec, encoder.bias, encoder.weight");
  copy("transcoders/llamascopium-relu");
  edit_tensors(root() / "sae_weights.safetensors",
               [](NamedTensors& tensors) { tensors["W_S"] = at::zeros({2}); });
  EXPECT_TRUE(set_refusal().starts_with("sae_weights.safetensors: tensor \"W_S\" is unknown, "))
      << set_refusal();
}

TEST_F(Refusals, MissingAndMisshapenTensorsByName) {
  copy("transcoders/llamascopium-relu");
  edit_tensors(root() / "sae_weights.safetensors",
               [](NamedTensors& tensors) { tensors.erase("W_D.2"); });
  EXPECT_EQ(set_refusal(), "sae_weights.safetensors: no tensor W_D.2[0]");
  copy("transcoders/gemma-scope-2-clt");
  edit_tensors(root() / "params_layer_1.safetensors", [](NamedTensors& tensors) {
    tensors["w_dec"] = at::zeros({12, 2, 8});
  });
  EXPECT_EQ(set_refusal(),
            "params_layer_1.safetensors: tensor w_dec is [12, 2, 8], expected [12, 3, 8]");
}

TEST_F(Refusals, SaeLensSettingsThatChangeTheComputation) {
  copy("saes/saelens-standard");
  replace("cfg.json", "\"normalize_activations\": \"none\"",
          "\"normalize_activations\": \"layer_norm\"");
  EXPECT_EQ(sae_refusal(),
            "cfg.json: normalize_activations is \"layer_norm\", expected none: fold the scale into "
            "the weights with SAELens first");
  copy("saes/saelens-standard");
  replace("cfg.json", "\"reshape_activations\": \"none\"", "\"reshape_activations\": \"hook_z\"");
  EXPECT_EQ(sae_refusal(), "cfg.json: reshape_activations is \"hook_z\", expected none");
  copy("saes/saelens-standard");
  replace("cfg.json", "\"architecture\": \"standard\"", "\"architecture\": \"gated\"");
  EXPECT_EQ(sae_refusal(),
            "cfg.json: architecture is \"gated\", expected one of standard, jumprelu, topk, "
            "transcoder, skip_transcoder, jumprelu_transcoder, jumprelu_skip_transcoder");
  copy("saes/saelens-standard");
  replace("cfg.json", "hook_resid_pre", "attn.hook_z");
  EXPECT_EQ(sae_refusal(),
            "cfg.json: reads \"blocks.2.attn.hook_z\", expected a place like resid_pre.L, "
            "resid_post.L, mlp_out.L or attn_out.L: convert it with --hook");
  EXPECT_EQ(to_string(load_sae(root(), {}, parse_sae_hook("attn_out.2"))->info().hook),
            "attn_out.2");
  copy("saes/saelens-topk");
  replace("cfg.json", "\"k\": 4", "\"k\": 0");
  EXPECT_EQ(sae_refusal(), "cfg.json: no k, expected a whole number > 0");
  copy("saes/saelens-v5-topk");
  replace("cfg.json", "\"activation_fn_str\": \"topk\"", "\"activation_fn_str\": \"tanh-relu\"");
  EXPECT_EQ(sae_refusal(), "cfg.json: activation function is \"tanh-relu\", expected relu or topk");
}

TEST_F(Refusals, SaeLensScalesThatAreNotOne) {
  copy("saes/saelens-standard");
  const auto set_scale = [&](double value) {
    edit_tensors(root() / "sae_weights.safetensors", [value](NamedTensors& tensors) {
      tensors["scaling_factor"] = at::full({12}, value);
    });
  };
  set_scale(1.0);
  EXPECT_EQ(sae_refusal(), "nothing was thrown");
  set_scale(1.5);
  EXPECT_EQ(sae_refusal(), "sae_weights.safetensors: tensor scaling_factor is not 1 everywhere");
}

TEST_F(Refusals, SparsifySettingsThatChangeTheComputation) {
  copy("saes/sparsify");
  replace("layers.2/cfg.json", "\"activation\": \"topk\"", "\"activation\": \"relu\"");
  EXPECT_EQ(sae_refusal("layers.2"),
            "layers.2/cfg.json: activation is \"relu\", expected topk or groupmax");
  copy("saes/sparsify");
  replace("layers.2/cfg.json", "\"k\": 4", "\"k\": 4, \"signed\": true");
  EXPECT_EQ(sae_refusal("layers.2"),
            "layers.2/cfg.json: signed is true: TopK of magnitudes is not supported");
  copy("saes/sparsify");
  replace("layers.2/cfg.json", "\"k\": 4", "\"k\": 0");
  EXPECT_EQ(sae_refusal("layers.2"), "layers.2/cfg.json: k is 0, expected a whole number > 0");
  copy("saes/sparsify");
  std::filesystem::rename(root() / "layers.2", root() / "embed_tokens");
  EXPECT_EQ(sae_refusal("embed_tokens"),
            "embed_tokens/cfg.json: reads \"embed_tokens\", expected a place like resid_pre.L, "
            "resid_post.L, mlp_out.L or attn_out.L: convert it with --hook");
}

TEST_F(Refusals, LlamascopiumSettingsThatChangeTheComputation) {
  copy("transcoders/llamascopium-topk");
  replace("config.json", "\"act_fn\": \"topk\"", "\"act_fn\": \"layertopk\"");
  EXPECT_TRUE(set_refusal().starts_with(
      "config.json: act_fn is \"layertopk\", expected relu, jumprelu or topk: "))
      << set_refusal();
  copy("transcoders/llamascopium-topk");
  replace("config.json", "\"norm_activation\": \"inference\"",
          "\"norm_activation\": \"token-wise\"");
  EXPECT_TRUE(set_refusal().starts_with(
      "config.json: norm_activation is \"token-wise\", expected inference or dataset-wise"))
      << set_refusal();
  copy("transcoders/llamascopium-topk");
  replace("config.json", "\"sae_type\": \"clt\"", "\"sae_type\": \"lorsa\"");
  EXPECT_EQ(set_refusal(), "config.json: sae_type is \"lorsa\", expected clt");
  copy("transcoders/llamascopium-topk");
  replace("config.json", "blocks.1.hook_resid_mid", "blocks.2.hook_resid_mid");
  EXPECT_TRUE(set_refusal().starts_with(
      "config.json: hook_points_in has \"blocks.2.hook_resid_mid\" as entry 1, expected "))
      << set_refusal();
  copy("transcoders/llamascopium-topk");
  replace("config.json", "hook_points_out", "hook_points_elsewhere");
  EXPECT_EQ(set_refusal(),
            "config.json: hook_points_in has 3 entries, hook_points_out 0, expected one a layer in "
            "both");
}

TEST_F(Refusals, LlamascopiumNormsThatAreMissingOrZero) {
  const std::string name = "dataset_average_activation_norm.blocks.0.hook_resid_mid";
  copy("transcoders/llamascopium-jumprelu");
  edit_tensors(root() / "sae_weights.safetensors",
               [&](NamedTensors& tensors) { tensors[name] = at::zeros({}); });
  EXPECT_EQ(set_refusal(), "sae_weights.safetensors: tensor " + name +
                               " is not one number > 0 (the average norm)");
  edit_tensors(root() / "sae_weights.safetensors",
               [&](NamedTensors& tensors) { tensors.erase(name); });
  EXPECT_EQ(set_refusal(),
            "config.json: norm_activation is dataset-wise, but the weights hold no tensor \"" +
                name + "\"");
}

TEST_F(Refusals, GemmaScopeFoldersThatDoNotSayTheirPlace) {
  copy("saes/gemma-scope-2b-pt-res");
  const std::string inner = "layer_1/width_12/average_l0_4";
  // The copy's folder is not called after the release.
  EXPECT_FALSE(is_sae_directory(root() / inner));
  EXPECT_EQ(to_string(load_sae(root() / inner, {}, parse_sae_hook("resid_post.1"))->info().hook),
            "resid_post.1");
  copy("transcoders/gemma-scope-2-transcoders");
  replace("layer_0_width_12_l0_small_affine/config.json", "jump_relu", "relu");
  EXPECT_EQ(set_refusal(),
            "layer_0_width_12_l0_small_affine/config.json: architecture is \"relu\", expected "
            "jump_relu");
}

TEST_F(Refusals, DictionaryLearningPicklesAndClasses) {
  copy("saes/dictionary-learning-topk");
  replace("config.json", "AutoEncoderTopK", "GatedAutoEncoder");
  EXPECT_EQ(sae_refusal(),
            "config.json: trainer.dict_class is \"GatedAutoEncoder\", expected one of AutoEncoder, "
            "AutoEncoderNew, AutoEncoderTopK, BatchTopKSAE, MatryoshkaBatchTopKSAE, "
            "JumpReluAutoEncoder");
  copy("saes/dictionary-learning-topk");
  replace("config.json", "resid_post_layer_2", "attention_layer_2");
  EXPECT_EQ(sae_refusal(),
            "config.json: reads \"attention_layer_2\", expected a place like resid_pre.L, "
            "resid_post.L, mlp_out.L or attn_out.L: convert it with --hook");
  std::filesystem::rename(root() / "ae.safetensors", root() / "ae.pt");
  EXPECT_TRUE(sae_refusal().starts_with(
      "ae.pt: is a pickle, expected ae.safetensors; make it with: python -c \"import torch, "))
      << sae_refusal();
}

TEST_F(Refusals, NativeListsMayNameFilesOfGemmaScope) {
  copy("transcoders/gemma-scope-transcoders");
  std::string list =
      "model_kind: transcoder_set\nfeature_input_hook: ln2.hook_normalized\n"
      "feature_output_hook: hook_mlp_out\ntranscoders:\n";
  for (int layer = 0; layer < 3; ++layer) {
    list += "  - hf://google/gemma-scope-2b-pt-transcoders/layer_" + std::to_string(layer) +
            "/width_12/average_l0_" + std::to_string(layer + 4) + "/params.npz\n";
  }
  write_text(root() / "config.yaml", list);
  const TranscoderInfo info = inspect_transcoders(root());
  EXPECT_EQ(info.format, "native");
  EXPECT_EQ(info.activation, "jumprelu");
  EXPECT_EQ(info.n_features, 12);
}

TEST(HookPlace, KnowsPlacesOfOtherLibrariesByName) {
  const auto place = parse_hook_place("blocks.12.ln2.hook_normalized");
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(place->kind, PlaceKind::kNormalized);
  EXPECT_EQ(place->layer, 12);
  EXPECT_EQ(parse_hook_place("model.layers.3.output")->kind, PlaceKind::kResidualPost);
  EXPECT_EQ(parse_hook_place("model.layers.3.pre_feedforward_layernorm.output")->kind,
            PlaceKind::kMlpIn);
  for (const char* other : {"", "blocks.", "blocks.x.hook_resid_mid", "blocks.-1.hook_resid_mid",
                            "blocks.1.attn.hook_z", "hook_embed", "blocks..hook_resid_mid"}) {
    EXPECT_FALSE(parse_hook_place(other).has_value()) << other;
  }
}

}  // namespace
}  // namespace circuit
