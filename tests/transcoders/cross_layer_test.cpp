#include "transcoders/cross_layer.h"

#include <cmath>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tensor_file.h"
#include "tests/support/throws.h"
#include "tests/support/tiny_transcoders.h"
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

at::Tensor random_inputs(std::int64_t n_positions, std::int64_t d_model) {
  at::manual_seed(11);
  return at::randn({n_positions, d_model});
}

class CrossLayer : public ::testing::Test {
 protected:
  std::filesystem::path encoder(int layer) const {
    return directory_ / ("W_enc_" + std::to_string(layer) + ".safetensors");
  }
  std::filesystem::path decoder(int layer) const {
    return directory_ / ("W_dec_" + std::to_string(layer) + ".safetensors");
  }

  TempDir directory_;
};

TEST_F(CrossLayer, ReadsEveryTensorOfEveryLayer) {
  write_tiny_transcoders(
      directory_.path(),
      {.cross_layer = true, .activation = ActivationKind::kJumpRelu, .skip = true});
  const auto set = load_transcoders(directory_.path());
  const at::Tensor inputs = random_inputs(4, 32);
  for (int layer = 0; layer < 3; ++layer) {
    const std::string suffix = "_" + std::to_string(layer);
    const NamedTensors stored = read_tensors(encoder(layer));
    const at::Tensor pre = set->encode(layer, inputs);
    const at::Tensor expected =
        at::matmul(inputs, stored.at("W_enc" + suffix).t()) + stored.at("b_enc" + suffix);
    EXPECT_TRUE(at::allclose(pre, expected, 1e-5, 1e-5));  // another order of the same sums
    EXPECT_TRUE(
        at::equal(set->activate(layer, pre), pre * (pre > stored.at("threshold" + suffix))));
    EXPECT_TRUE(at::equal(set->encoder_bias(layer), stored.at("b_enc" + suffix)));
    EXPECT_TRUE(at::equal(set->decoder_bias(layer), stored.at("b_dec" + suffix)));
    EXPECT_TRUE(at::equal(set->skip(layer), stored.at("W_skip" + suffix)));
    EXPECT_TRUE(at::equal(set->encoder_rows(layer, indices({5, 4})),
                          stored.at("W_enc" + suffix).index_select(0, indices({5, 4}))));
  }
}

TEST_F(CrossLayer, GivesDecoderRowsForEveryLayerFromTheSourceOn) {
  write_tiny_transcoders(directory_.path(), {.cross_layer = true});
  const auto set = load_transcoders(directory_.path());
  for (int layer = 0; layer < 3; ++layer) {
    const at::Tensor stored = read_tensors(decoder(layer)).at("W_dec_" + std::to_string(layer));
    const at::Tensor rows = set->decoder_rows(layer, indices({39, 0}));
    EXPECT_EQ(rows.sizes(), (std::vector<std::int64_t>{2, 3 - layer, 32}));
    EXPECT_TRUE(at::equal(rows, stored.index_select(0, indices({39, 0}))));
    EXPECT_EQ(set->last_written_layer(layer), 2);
    EXPECT_EQ(set->decoder_rows(layer, indices({})).sizes(),
              (std::vector<std::int64_t>{0, 3 - layer, 32}));
  }
}

TEST_F(CrossLayer, GivesDecoderRowsForOneLayerAlone) {
  write_tiny_transcoders(directory_.path(), {.cross_layer = true});
  const auto set = load_transcoders(directory_.path());
  for (int layer = 0; layer < 3; ++layer) {
    const at::Tensor all = set->decoder_rows(layer, indices({39, 0, 7}));
    for (int into = layer; into < 3; ++into) {
      EXPECT_TRUE(at::equal(set->decoder_rows_into(layer, indices({39, 0, 7}), into),
                            all.select(1, into - layer)));
    }
  }
  for (const int into : {0, 3}) {
    EXPECT_EQ(
        message_of<std::invalid_argument>([&] { set->decoder_rows_into(1, indices({1}), into); }),
        "[decoder_rows] features of layer 1 write into layers 1 to 2, asked for layer " +
            std::to_string(into));
  }
}

TEST_F(CrossLayer, TakesTopKFromTheConfig) {
  write_tiny_transcoders(
      directory_.path(),
      {.cross_layer = true, .activation = ActivationKind::kTopK, .target_l0 = 6});
  const auto set = load_transcoders(directory_.path());
  EXPECT_EQ(set->info().activation, "topk 6");
  const at::Tensor active = set->activate(2, set->encode(2, random_inputs(5, 32)));
  EXPECT_EQ(at::count_nonzero(active).item<std::int64_t>(), 5 * 6);
}

TEST_F(CrossLayer, ReadsHalfPrecisionLikeItsConvertedValues) {
  const TinyTranscoderSpec spec{.cross_layer = true, .dtype = Dtype::kBF16};
  write_tiny_transcoders(directory_.path(), spec);
  const auto set = load_transcoders(directory_.path());
  const at::Tensor stored = read_tensors(decoder(0)).at("W_dec_0");
  ASSERT_EQ(stored.scalar_type(), at::kBFloat16);
  const at::Tensor rows = set->decoder_rows(0, indices({1, 8}));
  EXPECT_TRUE(at::equal(rows, stored.index_select(0, indices({1, 8})).to(at::kFloat)));
}

TEST_F(CrossLayer, NamesTheDecoderFileWhoseRowIsNotFinite) {
  write_tiny_transcoders(directory_.path(), {.cross_layer = true});
  edit_tensors(decoder(1),
               [](NamedTensors& tensors) { tensors["W_dec_1"][5][1][7] = std::nan(""); });
  const auto set = load_transcoders(directory_.path());
  EXPECT_NO_THROW(set->decoder_rows(1, indices({4, 6})));
  EXPECT_EQ(message_of<std::runtime_error>([&] { set->decoder_rows(1, indices({5})); }),
            "[decoder_rows] " + decoder(1).string() +
                ": tensor W_dec_1 holds 1 values that are not finite");
}

/// The fixture's own promises, for tests that lean on it.
TEST_F(CrossLayer, TinyDirectoriesHaveAboutAFifthOfTheirFeaturesActive) {
  for (const bool cross_layer : {false, true}) {
    for (const ActivationKind kind :
         {ActivationKind::kRelu, ActivationKind::kJumpRelu, ActivationKind::kTopK}) {
      const TempDir directory;
      write_tiny_transcoders(
          directory.path(),
          {.cross_layer = cross_layer, .activation = kind, .d_model = 64, .n_features = 200});
      const auto set = load_transcoders(directory.path());
      const at::Tensor inputs = random_inputs(100, 64);
      at::Tensor written = at::zeros({100, 64});
      for (int layer = 0; layer < 3; ++layer) {
        const at::Tensor active = set->activate(layer, set->encode(layer, inputs));
        const double share = at::count_nonzero(active).item<double>() / (100.0 * 200.0);
        EXPECT_NEAR(share, 0.2, 0.03);
        if (!cross_layer && layer < 2) continue;
        const at::Tensor rows = set->decoder_rows(layer, at::arange(200));
        written += at::matmul(active, rows.select(1, rows.size(1) - 1));
      }
      const double deviation = written.std().item<double>();
      EXPECT_GT(deviation, 0.35);
      EXPECT_LT(deviation, 0.7);
    }
  }
}

TEST_F(CrossLayer, TinyDirectoriesAreTheSameEverywhere) {
  write_tiny_transcoders(directory_.path(), {.cross_layer = true, .skip = true, .seed = 5});
  const TempDir again;
  write_tiny_transcoders(again.path(), {.cross_layer = true, .seed = 5});
  const NamedTensors with_skip = read_tensors(encoder(1));
  const NamedTensors without = read_tensors(again / "W_enc_1.safetensors");
  EXPECT_TRUE(at::equal(with_skip.at("W_enc_1"), without.at("W_enc_1")));
  EXPECT_FALSE(without.contains("W_skip_1"));
  // Written down once: another compiler or C library must draw the same numbers.
  EXPECT_EQ(with_skip.at("W_enc_1")[0][0].item<float>(), -0.09336001425981522F);
  EXPECT_EQ(with_skip.at("b_enc_1")[39].item<float>(), -0.9617691040039062F);
}

}  // namespace
}  // namespace circuit
