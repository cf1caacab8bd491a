#include "transcoders/sae.h"

#include <stdexcept>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tensor_file.h"
#include "tests/support/throws.h"
#include "tests/support/tiny_sae.h"
#include "transcoders/activation.h"

namespace circuit {
namespace {

using testing::edit_tensors;
using testing::message_of;
using testing::NamedTensors;
using testing::read_tensors;
using testing::read_text;
using testing::TempDir;
using testing::TinySaeSpec;
using testing::write_text;
using testing::write_tiny_sae;

class SaeDirectory : public ::testing::Test {
 protected:
  std::unique_ptr<Sae> write(const TinySaeSpec& spec, at::ScalarType dtype = at::kDouble) const {
    return load_sae(write_tiny_sae(directory_.path(), spec), {.dtype = dtype});
  }
  NamedTensors weights() const {
    NamedTensors tensors = read_tensors(directory_ / "sae.safetensors");
    for (auto& [name, tensor] : tensors) tensor = tensor.to(at::kDouble);
    return tensors;
  }
  void append_to_config(const std::string& text) const {
    write_text(directory_ / "config.yaml", read_text(directory_ / "config.yaml") + text);
  }
  /// The message without `[load_sae] DIRECTORY/`; the same for loading and inspecting.
  std::string refusal() const {
    const std::string message =
        message_of<std::runtime_error>([&] { load_sae(directory_.path()); });
    EXPECT_EQ(message, message_of<std::runtime_error>([&] { inspect_sae(directory_.path()); }));
    const std::string start = "[load_sae] " + directory_.path().string() + "/";
    return message.starts_with(start) ? message.substr(start.size()) : message;
  }

  TempDir directory_;
};

at::Tensor inputs(std::int64_t n, at::ScalarType type = at::kDouble) {
  return at::arange(n * 32, at::kDouble).square().mul(0.7).sin_().mul(1.5).view({n, 32}).to(type);
}

TEST_F(SaeDirectory, SaysWhatItHolds) {
  write_tiny_sae(directory_.path(), {.hook = "mlp_out.7",
                                     .activation = ActivationKind::kTopK,
                                     .apply_b_dec_to_input = true,
                                     .input_scale = 0.25});
  const SaeInfo info = inspect_sae(directory_.path());
  EXPECT_EQ(info.directory, directory_.path());
  EXPECT_EQ(info.format, "native");
  EXPECT_EQ(info.model_name, "tiny");
  EXPECT_EQ(info.scan, "tiny");
  EXPECT_EQ(to_string(info.hook), "mlp_out.7");
  EXPECT_EQ(info.d_model, 32);
  EXPECT_EQ(info.n_features, 40);
  EXPECT_EQ(info.activation, "topk 8");
  EXPECT_TRUE(info.apply_b_dec_to_input);
  EXPECT_EQ(info.input_scale, 0.25);
  ASSERT_EQ(info.files.size(), 1U);
  EXPECT_EQ(info.files[0], directory_ / "sae.safetensors");
}

TEST_F(SaeDirectory, ComputesTheEquationsOfItsHeader) {
  for (const bool subtract : {false, true}) {
    for (const double scale : {1.0, 0.25}) {
      const auto sae = write({.apply_b_dec_to_input = subtract, .input_scale = scale});
      const NamedTensors w = weights();
      const at::Tensor x = inputs(6) / scale;
      at::Tensor read = x * scale;
      if (subtract) read = read - w.at("b_dec");
      const at::Tensor h = at::matmul(read, w.at("W_enc").t()) + w.at("b_enc");
      const at::Tensor a = at::relu(h);
      const at::Tensor decoded = (at::matmul(a, w.at("W_dec")) + w.at("b_dec")) / scale;
      EXPECT_TRUE(at::allclose(sae->encode(x), h, 1e-12, 1e-12));
      EXPECT_TRUE(at::allclose(sae->activations(x), a, 1e-12, 1e-12));
      EXPECT_GT((a > 0).sum().item<std::int64_t>(), 6);
      EXPECT_TRUE(at::allclose(sae->decode(a), decoded, 1e-12, 1e-12));
    }
  }
}

TEST_F(SaeDirectory, AppliesEveryActivation) {
  const at::Tensor x = inputs(5);
  const auto jump = write({.activation = ActivationKind::kJumpRelu});
  const at::Tensor h = jump->encode(x);
  const at::Tensor expected =
      at::where(h > weights().at("threshold"), h, at::zeros({}, h.options()));
  EXPECT_TRUE(at::equal(jump->activate(h), expected));
  const auto topk = write({.activation = ActivationKind::kTopK});
  EXPECT_TRUE(at::equal((topk->activations(x) != 0).sum(1), at::full({5}, 8, at::kLong)));
  const at::Tensor negative = -at::arange(1, 41, at::kDouble).view({1, 40});
  EXPECT_EQ(topk->activate(negative).ne(0).sum().item<std::int64_t>(), 8);
  const auto positive = write({.activation = ActivationKind::kTopK, .topk_relu = true});
  EXPECT_EQ(positive->activate(negative).ne(0).sum().item<std::int64_t>(), 0);
}

TEST_F(SaeDirectory, GivesRowsInUnitsOfTheModel) {
  const auto sae = write({.apply_b_dec_to_input = true, .input_scale = 0.5});
  const NamedTensors w = weights();
  const at::Tensor features = at::tensor({3, 39, 0}, at::kLong);
  EXPECT_TRUE(
      at::equal(sae->encoder_rows(features), w.at("W_enc").index_select(0, features) * 0.5));
  EXPECT_TRUE(at::equal(sae->decoder_rows(features), w.at("W_dec").index_select(0, features) * 2));
  EXPECT_TRUE(at::equal(sae->decoder_bias(), w.at("b_dec") * 2));
  // Adding one to an activation moves the reconstruction by its decoder row.
  at::Tensor a = sae->activations(inputs(1)).clone();
  const at::Tensor before = sae->decode(a);
  a[0][3] += 1.0;
  EXPECT_TRUE(at::allclose(sae->decode(a) - before, sae->decoder_rows(features.narrow(0, 0, 1)),
                           1e-12, 1e-12));
}

TEST_F(SaeDirectory, DecodesWhereNothingIsActive) {
  const auto sae = write({});
  const at::Tensor nothing = at::zeros({2, 40}, at::kDouble);
  EXPECT_TRUE(at::equal(sae->decode(nothing), weights().at("b_dec").repeat({2, 1})));
  EXPECT_EQ(sae->decode(nothing.narrow(0, 0, 0)).size(0), 0);
}

TEST_F(SaeDirectory, ComputesInFloatAndBf16) {
  const at::Tensor x = inputs(4, at::kFloat);
  const at::Tensor exact = write({})->activations(x.to(at::kDouble)).to(at::kFloat);
  EXPECT_TRUE(at::allclose(load_sae(directory_.path())->activations(x), exact, 1e-4, 1e-5));
  const auto rounded = load_sae(directory_.path(), {.dtype = at::kBFloat16});
  EXPECT_EQ(rounded->activations(x).scalar_type(), at::kFloat);
  EXPECT_TRUE(at::allclose(rounded->activations(x), exact, 2e-2, 5e-2));
  EXPECT_EQ(rounded->decode(exact).scalar_type(), at::kFloat);
}

TEST_F(SaeDirectory, RefusesActivationsOfAnotherShapeOrType) {
  const auto sae = write({});
  EXPECT_EQ(message_of<std::invalid_argument>([&] {
              sae->decode(at::zeros({2, 3}, at::kDouble));
            }),
            "[decode] activations have 2 dimensions of Double, expected [any, 40] of Double");
  EXPECT_EQ(message_of<std::invalid_argument>([&] {
              sae->decode(at::zeros({2, 40}, at::kFloat));
            }),
            "[decode] activations have 2 dimensions of Float, expected [any, 40] of Double");
}

TEST_F(SaeDirectory, RefusesWhatDoesNotFitTogether) {
  const auto edit = [&](const std::function<void(NamedTensors&)>& change) {
    write_tiny_sae(directory_.path(), {});
    edit_tensors(directory_ / "sae.safetensors", change);
  };
  edit([](NamedTensors& tensors) { tensors.erase("b_dec"); });
  EXPECT_EQ(refusal(), "sae.safetensors: no tensor b_dec");
  edit([](NamedTensors& tensors) { tensors["W_dec"] = at::zeros({40, 31}); });
  EXPECT_EQ(refusal(), "sae.safetensors: tensor W_dec is [40, 31], expected [40, 32]");
  edit([](NamedTensors& tensors) { tensors["W_skip"] = at::zeros({32, 32}); });
  EXPECT_EQ(refusal(),
            "sae.safetensors: tensor \"W_skip\" is unknown, expected only W_dec, W_enc, b_dec, "
            "b_enc, threshold");
  write_tiny_sae(directory_.path(), {});
  append_to_config("activation: jumprelu\n");
  EXPECT_EQ(refusal(),
            "config.yaml: activation is jumprelu, but the files hold no tensor threshold");
}

TEST_F(SaeDirectory, RefusesConfigsThatSayTooLittle) {
  write_tiny_sae(directory_.path(), {});
  write_text(directory_ / "config.yaml", "model_kind: transcoder_set\n");
  EXPECT_EQ(refusal(), "config.yaml:1: model_kind is \"transcoder_set\", expected one of sae");
  write_text(directory_ / "config.yaml", "model_kind: sae\n");
  EXPECT_EQ(
      refusal(),
      "config.yaml: no key hook, expected resid_pre.L, resid_post.L, mlp_out.L or attn_out.L");
  write_text(directory_ / "config.yaml", "model_kind: sae\nhook: blocks.3\n");
  EXPECT_EQ(refusal(),
            "config.yaml:2: hook is \"blocks.3\", expected resid_pre.L, resid_post.L, mlp_out.L or "
            "attn_out.L");
  for (const std::string bad : {"0", "-1", "nan", "inf", "two"}) {
    write_text(directory_ / "config.yaml",
               "model_kind: sae\nhook: mlp_out.3\ninput_scale: " + bad + "\n");
    EXPECT_EQ(refusal(), "config.yaml:3: input_scale is \"" + bad + "\", expected a number > 0");
  }
}

TEST_F(SaeDirectory, IsToldFromOtherDirectories) {
  EXPECT_FALSE(is_sae_directory(directory_.path()));
  write_text(directory_ / "config.yaml", "model_kind: transcoder_set\n");
  EXPECT_FALSE(is_sae_directory(directory_.path()));
  write_tiny_sae(directory_.path(), {});
  EXPECT_TRUE(is_sae_directory(directory_.path()));
}

}  // namespace
}  // namespace circuit
