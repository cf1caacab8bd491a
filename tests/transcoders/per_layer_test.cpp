#include "transcoders/per_layer.h"

#include <cmath>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tensor_file.h"
#include "tests/support/throws.h"
#include "tests/support/tiny_transcoders.h"
#include "transcoders/product.h"
#include "transcoders/transcoder_set.h"

namespace circuit {
namespace {

using testing::edit_tensors;
using testing::message_of;
using testing::NamedTensors;
using testing::read_tensors;
using testing::TempDir;
using testing::TinyTranscoderSpec;
using testing::write_tiny_transcoders;

at::Tensor indices(const std::vector<std::int64_t>& values) {
  return at::tensor(values, at::TensorOptions().dtype(at::kLong));
}

at::Tensor random_inputs(std::int64_t n_positions, std::int64_t d_model,
                         at::ScalarType dtype = at::kFloat) {
  at::manual_seed(7);
  return at::randn({n_positions, d_model}).to(dtype);
}

class PerLayer : public ::testing::Test {
 protected:
  std::unique_ptr<TranscoderSet> open(const TinyTranscoderSpec& spec,
                                      at::ScalarType dtype = at::kFloat) const {
    write_tiny_transcoders(directory_.path(), spec);
    return load(dtype);
  }
  std::unique_ptr<TranscoderSet> load(at::ScalarType dtype = at::kFloat) const {
    return load_transcoders(directory_.path(), {.dtype = dtype});
  }
  std::filesystem::path file(int layer) const {
    return directory_ / ("layer_" + std::to_string(layer) + ".safetensors");
  }

  TempDir directory_;
};

TEST_F(PerLayer, ReadsTheSkipTopKDirectory) {
  const auto set = open({.activation = ActivationKind::kTopK, .skip = true, .target_l0 = 5});
  const at::Tensor inputs = random_inputs(6, 32);
  for (int layer = 0; layer < 3; ++layer) {
    const NamedTensors stored = read_tensors(file(layer));
    const at::Tensor pre = set->encode(layer, inputs);
    EXPECT_TRUE(at::allclose(pre, at::matmul(inputs, stored.at("W_enc").t()) + stored.at("b_enc"),
                             1e-5, 1e-5));  // another order of the same sums
    const at::Tensor active = set->activate(layer, pre);
    for (int position = 0; position < 6; ++position) {
      EXPECT_EQ(at::count_nonzero(active[position]).item<std::int64_t>(), 5);
    }
    const at::Tensor features = indices({39, 0, 7, 7});
    EXPECT_TRUE(at::equal(set->encoder_rows(layer, features),
                          stored.at("W_enc").index_select(0, features)));
    EXPECT_TRUE(at::equal(set->decoder_rows_into(layer, features, layer),
                          set->decoder_rows(layer, features).select(1, 0)));
    EXPECT_TRUE(at::equal(set->decoder_rows(layer, features),
                          stored.at("W_dec").index_select(0, features).unsqueeze(1)));
    EXPECT_TRUE(at::equal(set->encoder_bias(layer), stored.at("b_enc")));
    EXPECT_TRUE(at::equal(set->decoder_bias(layer), stored.at("b_dec")));
    EXPECT_TRUE(at::equal(set->skip(layer), stored.at("W_skip")));
    EXPECT_EQ(set->last_written_layer(layer), layer);
  }
}

TEST_F(PerLayer, HasNoSkipUnlessTheFilesHoldOne) { EXPECT_FALSE(open({})->skip(0).defined()); }

TEST_F(PerLayer, TakesOneThresholdForALayer) {
  write_tiny_transcoders(directory_.path(), {.n_layers = 2});
  const std::vector<std::vector<std::int64_t>> shapes{{}, {1}};
  for (int layer = 0; layer < 2; ++layer) {
    edit_tensors(file(layer), [&](NamedTensors& tensors) {
      tensors["activation_function.threshold"] =
          at::full(shapes[static_cast<std::size_t>(layer)], 0.25F);
    });
  }
  const auto set = load();
  EXPECT_EQ(set->info().activation, "jumprelu");
  const at::Tensor pre = random_inputs(4, 40);
  for (int layer = 0; layer < 2; ++layer) {
    EXPECT_TRUE(at::equal(set->activate(layer, pre), pre * (pre > 0.25)));
  }
}

TEST_F(PerLayer, EncodesInPlaceWhenTheTypeFits) {
  const auto set = open({});
  const at::Tensor inputs = random_inputs(3, 32);
  EXPECT_TRUE(at::equal(set->encode(1, inputs), set->encode(1, inputs)));
  EXPECT_EQ(set->encode(1, inputs.narrow(0, 0, 0)).sizes(), (std::vector<std::int64_t>{0, 40}));
}

TEST_F(PerLayer, ReadsEveryFileTypeLikeItsConvertedValues) {
  const TempDir widened;
  for (const Dtype dtype : {Dtype::kF16, Dtype::kBF16, Dtype::kF64}) {
    for (const at::ScalarType compute : {at::kFloat, at::kDouble, at::kBFloat16}) {
      const TinyTranscoderSpec spec{
          .activation = ActivationKind::kJumpRelu, .skip = true, .n_layers = 1, .dtype = dtype};
      const auto set = open(spec, compute);
      write_tiny_transcoders(widened.path(), spec);
      edit_tensors(widened / "layer_0.safetensors", [&](NamedTensors& tensors) {
        for (auto& [name, tensor] : tensors) tensor = tensor.to(compute);
      });
      const auto expected = load_transcoders(widened.path(), {.dtype = compute});
      const at::Tensor inputs = random_inputs(5, 32, sum_type(compute));
      const at::Tensor pre = set->encode(0, inputs);
      EXPECT_EQ(pre.scalar_type(), sum_type(compute));
      EXPECT_TRUE(at::equal(pre, expected->encode(0, inputs)));
      EXPECT_TRUE(at::equal(set->activate(0, pre), expected->activate(0, pre)));
      EXPECT_TRUE(at::equal(set->skip(0), expected->skip(0)));
      EXPECT_TRUE(at::equal(set->decoder_bias(0), expected->decoder_bias(0)));
      const at::Tensor rows = set->decoder_rows(0, indices({3, 1}));
      EXPECT_EQ(rows.scalar_type(), compute);
      EXPECT_TRUE(at::equal(rows, expected->decoder_rows(0, indices({3, 1}))));
    }
  }
}

TEST_F(PerLayer, ConvertsLargeEncodersInPiecesToTheSameResult) {
  // 16 Mi elements are converted at once; this encoder has a few more.
  const std::int64_t d_model = 4096;
  const std::int64_t n_features = 4096 + 3;
  const auto options = at::TensorOptions().dtype(at::kBFloat16);
  write_tiny_transcoders(directory_.path(), {.n_layers = 1, .d_model = 2, .n_features = 2});
  at::manual_seed(3);
  edit_tensors(file(0), [&](NamedTensors& tensors) {
    tensors = {{"W_enc", at::randn({n_features, d_model}).to(at::kBFloat16)},
               {"W_dec", at::zeros({n_features, d_model}, options)},
               {"b_enc", at::randn({n_features}).to(at::kBFloat16)},
               {"b_dec", at::zeros({d_model}, options)}};
  });
  const NamedTensors stored = read_tensors(file(0));
  const at::Tensor inputs = random_inputs(2, d_model);
  const at::Tensor expected =
      at::matmul(inputs, stored.at("W_enc").to(at::kFloat).t()) + stored.at("b_enc").to(at::kFloat);
  // Sums of 4096 products of order 1, in another order.
  EXPECT_TRUE(at::allclose(load()->encode(0, inputs), expected, 1e-4, 1e-3));
}

TEST_F(PerLayer, RefusesArgumentsThatDoNotFit) {
  const auto set = open({});
  const auto refusal = [](const std::function<void()>& action) {
    return message_of<std::invalid_argument>(action);
  };
  EXPECT_EQ(refusal([&] { set->encode(3, random_inputs(2, 32)); }),
            "[encode] layer is 3, expected 0 to 2");
  EXPECT_EQ(refusal([&] { set->skip(-1); }), "[skip] layer is -1, expected 0 to 2");
  EXPECT_EQ(refusal([&] { set->encode(0, random_inputs(2, 16)); }),
            "[encode] inputs are [2, 16], expected [any, 32]");
  EXPECT_EQ(refusal([&] { set->encode(0, random_inputs(2, 32, at::kDouble)); }),
            "[encode] inputs are Double, expected Float");
  EXPECT_EQ(refusal([&] { set->activate(0, random_inputs(2, 32)); }),
            "[activate] pre-activations are [2, 32], expected [any, 40]");
  EXPECT_EQ(refusal([&] { set->decoder_rows(0, indices({40})); }),
            "[decoder_rows] index 40, tensor W_dec has 40 rows");
  EXPECT_EQ(refusal([&] {
              set->encode(0, at::full({1, 32}, std::nan(""), at::kFloat));
            }),
            "[encode] layer 0: inputs are not finite");
}

TEST_F(PerLayer, NamesTheEncoderThatIsNotFinite) {
  write_tiny_transcoders(directory_.path(), {});
  edit_tensors(file(1), [](NamedTensors& tensors) { tensors["W_enc"][3][4] = std::nan(""); });
  const auto set = load();
  const std::string found = file(1).string() + ": tensor W_enc holds 1 values that are not finite";
  EXPECT_NO_THROW(set->encode(0, random_inputs(2, 32)));
  EXPECT_EQ(message_of<std::runtime_error>([&] { set->encode(1, random_inputs(2, 32)); }),
            "[encode] " + found);
  EXPECT_NO_THROW(set->encoder_rows(1, indices({2})));
  EXPECT_EQ(message_of<std::runtime_error>([&] { set->encoder_rows(1, indices({3})); }),
            "[encoder_rows] " + found);
}

TEST_F(PerLayer, NamesTheDecoderWhoseRowIsNotFinite) {
  write_tiny_transcoders(directory_.path(), {});
  edit_tensors(file(2), [](NamedTensors& tensors) { tensors["W_dec"][5][0] = INFINITY; });
  const auto set = load();
  EXPECT_NO_THROW(set->decoder_rows(2, indices({4, 6})));
  EXPECT_EQ(
      message_of<std::runtime_error>([&] {
        set->decoder_rows(2, indices({4, 5}));
      }),
      "[decoder_rows] " + file(2).string() + ": tensor W_dec holds 1 values that are not finite");
}

TEST_F(PerLayer, SaysWhenValuesOutgrowTheComputeType) {
  write_tiny_transcoders(directory_.path(), {.n_layers = 1, .dtype = Dtype::kF64});
  edit_tensors(file(0), [](NamedTensors& tensors) { tensors["W_enc"][0][0] = 3e38; });
  const at::Tensor inputs = at::full({1, 32}, 100.0F);
  EXPECT_EQ(
      message_of<std::runtime_error>([&] { load()->encode(0, inputs); }),
      "[encode] " + file(0).string() + ": tensor W_enc: pre-activations are too large for Float");
  edit_tensors(file(0), [](NamedTensors& tensors) { tensors["W_enc"][0][0] = 1e300; });
  EXPECT_EQ(message_of<std::runtime_error>([&] { load()->encode(0, inputs); }),
            "[encode] " + file(0).string() + ": tensor W_enc holds 1 values that are not finite");
  EXPECT_NO_THROW(load(at::kDouble)->encode(0, inputs.to(at::kDouble)));
}

TEST_F(PerLayer, NamesTheSkipThatIsNotFinite) {
  write_tiny_transcoders(directory_.path(), {.skip = true});
  edit_tensors(file(0), [](NamedTensors& tensors) { tensors["W_skip"][1][1] = std::nan(""); });
  EXPECT_EQ(message_of<std::runtime_error>([&] { load()->skip(0); }),
            "[skip] " + file(0).string() + ": tensor W_skip holds 1 values that are not finite");
}

TEST_F(PerLayer, OutlivesItsFiles) {
  const auto set = open({});
  const at::Tensor before = set->decoder_rows(1, indices({2}));
  std::filesystem::remove_all(directory_.path());
  EXPECT_TRUE(at::equal(set->decoder_rows(1, indices({2})), before));
}

}  // namespace
}  // namespace circuit
