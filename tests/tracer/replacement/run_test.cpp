#include "tracer/replacement/run.h"

#include <algorithm>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "tests/support/tiny_setup.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kIds = {0, 3, 8, 21, 5};

TEST(Run, WritesTheMlpOutputAsFeaturesErrorBiasAndSkip) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds);
    for (std::size_t layer = 0; layer < run.errors.size(); ++layer) {
      const auto index = static_cast<std::int64_t>(layer);
      const BlockRecord& block = run.record.blocks[layer];
      at::Tensor sum = run.errors[layer] + setup.transcoders->decoder_bias(index);
      if (const at::Tensor skip = setup.transcoders->skip(index); skip.defined()) {
        sum += at::mm(
            read_input(setup.transcoders->info().read_site, setup.model.blocks[layer].mlp_norm,
                       block.mlp_inverse_scale, block.residual_mid),
            skip.t());
      }
      for (std::int64_t i = 0; i < run.features.size(); ++i) {
        const auto at_index = static_cast<std::size_t>(i);
        const std::int64_t source = run.features.layers[at_index];
        if (source > index || setup.transcoders->last_written_layer(source) < index) continue;
        const at::Tensor feature =
            at::tensor({static_cast<std::int64_t>(run.features.features[at_index])});
        sum[run.features.positions[at_index]] +=
            run.features.activations[i] *
            setup.transcoders->decoder_rows(source, feature)[0][index - source];
      }
      const at::Tensor& written =
          written_value(setup.transcoders->info().write_site, setup.model.blocks[layer], block);
      EXPECT_LT((sum - written).narrow(0, 1, 4).abs().max().item<double>(), 1e-10);
      EXPECT_EQ(run.errors[layer][0].abs().max().item<double>(), 0.0);
    }
  }
}

TEST(Run, IsTheSameWhenDecoderRowsAreNotKept) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kFloat);
    const ReplacementRun kept = run_replacement(setup.model, *setup.transcoders, kIds);
    const ReplacementRun streamed =
        run_replacement(setup.model, *setup.transcoders, kIds, std::nullopt,
                        /*keep_decoder_bytes=*/kept.decoders.bytes() - 1);
    ASSERT_TRUE(kept.decoders.kept());
    ASSERT_FALSE(streamed.decoders.kept());
    EXPECT_EQ(streamed.decoders.bytes(), kept.decoders.bytes());
    for (std::int64_t from = 0; from < 3; ++from) {
      EXPECT_TRUE(at::equal(kept.errors[static_cast<std::size_t>(from)],
                            streamed.errors[static_cast<std::size_t>(from)]));
      for (std::int64_t into = from; into <= setup.transcoders->last_written_layer(from); ++into) {
        EXPECT_TRUE(
            at::equal(kept.written_rows(from, into).rows, streamed.written_rows(from, into).rows));
      }
    }
  }
}

TEST(Run, HasNoFeaturesAtZeroedPositionsAndOrdersTheOthers) {
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  for (const std::int64_t zeroed : {1, 3}) {
    const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds, zeroed);
    const ActiveFeatureSet& f = run.features;
    ASSERT_GT(f.size(), 10);
    EXPECT_GE(*std::ranges::min_element(f.positions), zeroed);
    for (std::size_t i = 1; i < f.layers.size(); ++i) {
      EXPECT_LT(std::tuple(f.layers[i - 1], f.positions[i - 1], f.features[i - 1]),
                std::tuple(f.layers[i], f.positions[i], f.features[i]));
    }
    EXPECT_EQ(f.layer_offsets.back(), f.size());
  }
}

TEST(Run, ZeroesFourPositionsForChatsOfGemma3Only) {
  ModelConfig gemma, llama;
  gemma.model_type = "gemma3_text";
  llama.model_type = "llama";
  const std::vector<std::int32_t> chat = {2, 105, 2364, 107, 5}, plain = {2, 105, 2364, 5, 7};
  EXPECT_EQ(default_zero_positions(gemma, chat), 4);
  EXPECT_EQ(default_zero_positions(gemma, plain), 1);
  EXPECT_EQ(default_zero_positions(llama, chat), 1);
}

TEST(Run, RefusesAPromptWithoutAPositionThatCounts) {
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  EXPECT_EQ(
      message_of<std::invalid_argument>(
          [&] { run_replacement(setup.model, *setup.transcoders, std::vector<std::int32_t>{3}); }),
      "[trace] the prompt has 1 token(s), of which the first 1 carry no features; expected at "
      "least 2");
}

TEST(Run, RefusesTranscodersForAnotherModel) {
  TinyCase tiny = all_tiny_cases().front();
  tiny.transcoders.n_layers = 2;
  const TinySetup fewer(tiny, at::kFloat);
  EXPECT_EQ(message_of<std::runtime_error>([&] { check_fit(fewer.model, *fewer.transcoders); }),
            "[trace] transcoders " + fewer.transcoders->info().directory.string() +
                ": number of layers is 2, the model model has 3");
  tiny.transcoders.n_layers = 3;
  tiny.transcoders.d_model = 16;
  const TinySetup narrower(tiny, at::kFloat);
  EXPECT_EQ(
      message_of<std::runtime_error>([&] { check_fit(narrower.model, *narrower.transcoders); }),
      "[trace] transcoders " + narrower.transcoders->info().directory.string() +
          ": d_model is 16, the model model has 24");
}

}  // namespace
}  // namespace circuit::testing
