#include "tracer/model/attention.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"

namespace circuit::testing {
namespace {

TEST(Attention, IsItsFrozenValuePathPlusBiasAtItsOwnInput) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const ModelConfig& c = setup.model.config;
    const Attention& attention = setup.model.blocks[0].attention;
    const at::Tensor x = at::randn({6, c.d_model}, at::kDouble);
    const AttentionOutput out =
        attention_forward(c, attention, rotary_table(c, attention.span, 6, at::kDouble), x);
    EXPECT_LT((out.pattern.sum(-1) - 1).abs().max().item<double>(), 1e-12);
    EXPECT_EQ(out.pattern.triu(1).abs().max().item<double>(), 0.0);
    at::Tensor values = at::mm(x, attention.value.t());
    if (attention.value_bias.defined()) values += attention.value_bias;
    at::Tensor pushed = at::mm(mix_values(c, out.pattern, values), attention.output.t());
    if (attention.output_bias.defined()) pushed += attention.output_bias;
    EXPECT_LT((out.output - pushed).abs().max().item<double>(), 1e-12);
  }
}

TEST(Attention, FoldsValueProjectionAndNormIntoOneMatrix) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const Block& block = setup.model.blocks[1];
    const at::Tensor g = at::randn({4, block.attention.value.size(0)}, at::kDouble);
    const at::Tensor scale = at::full({4, 1}, 0.7, at::kDouble);
    const at::Tensor apart =
        norm_pull(block.attention_norm, scale, at::mm(g, block.attention.value));
    const at::Tensor folded =
        at::mm(g, fold_value_norm(block.attention, block.attention_norm)) * scale;
    EXPECT_LT((apart - folded).abs().max().item<double>(), 1e-12);
  }
}

TEST(Attention, FoldsOutputProjectionAndTheNormBehindItIntoOneMatrix) {
  for (const NormKind kind : {NormKind::kRms, NormKind::kLayer}) {
    at::manual_seed(7);
    Attention attention;
    attention.output = at::randn({8, 12}, at::kDouble);
    const Norm norm{.kind = kind, .epsilon = 1e-5, .gain = at::randn({8}, at::kDouble), .bias = {}};
    const at::Tensor g = at::randn({5, 8}, at::kDouble);
    const at::Tensor scale = at::rand({5, 1}, at::kDouble) + 0.5;
    const at::Tensor apart = at::mm(norm_pull(norm, scale, g), attention.output);
    const at::Tensor folded = at::mm(g, fold_output_norm(attention, norm)) * scale;
    EXPECT_LT((apart - folded).abs().max().item<double>(), 1e-12);
    EXPECT_TRUE(fold_output_norm(attention, std::nullopt).is_same(attention.output));
  }
}

TEST(Attention, AddsAChangeToItsScores) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const ModelConfig& c = setup.model.config;
  const Attention& attention = setup.model.blocks[0].attention;
  const at::Tensor x = at::randn({5, c.d_model}, at::kDouble);
  const RotaryTable rotary = rotary_table(c, attention.span, 5, at::kDouble);
  at::Tensor change = at::zeros({c.n_heads, 5, 5}, at::kDouble);
  change[1][4][2] = -1000.0;
  const at::Tensor before = attention_forward(c, attention, rotary, x).pattern;
  const at::Tensor after = attention_forward(c, attention, rotary, x, nullptr, {}, change).pattern;
  EXPECT_EQ(after[1][4][2].item<double>(), 0.0);
  EXPECT_GT(after[1][4][1].item<double>(), before[1][4][1].item<double>());
  EXPECT_TRUE(after[0].equal(before[0]));
  EXPECT_TRUE(after[1].narrow(0, 0, 4).equal(before[1].narrow(0, 0, 4)));
}

// Its terms: what a head's query and key are of the input, the scales of their norms frozen.
TEST(Attention, ScoresAreProductsOfItsProjections) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const ModelConfig& c = setup.model.config;
    const Attention& attention = setup.model.blocks[1].attention;
    const at::Tensor x = at::randn({6, c.d_model}, at::kDouble);
    const RotaryTable rotary = rotary_table(c, attention.span, 6, at::kDouble);
    const QueriesAndKeys live = queries_and_keys(c, attention, rotary, x);
    const at::Tensor scores = attention_scores(c, live.query, live.key);
    for (std::int64_t h = 0; h < c.n_heads; ++h) {
      const ScoreProjection query =
          score_projection(c, attention, rotary, live, ScoreSide::kQuery, h, 5);
      const ScoreProjection key = score_projection(c, attention, rotary, live, ScoreSide::kKey,
                                                   h / (c.n_heads / c.n_kv_heads), 3);
      const at::Tensor q = at::mv(query.map.t(), x[5]) + query.constant;
      const at::Tensor k = at::mv(key.map.t(), x[3]) + key.constant;
      EXPECT_NEAR(at::dot(q, k).item<double>() / score_divisor(c), scores[h][5][3].item<double>(),
                  1e-12);
    }
  }
}

// Position 4 of a window of 3 sees 2, 3 and 4.
TEST(Attention, SeesOnlyItsWindowInSlidingLayers) {
  ModelConfig c;
  c.n_heads = c.n_kv_heads = 1;
  c.d_head = c.d_model = 4;
  c.sliding_window = 3;
  at::manual_seed(8);
  Attention attention;
  for (at::Tensor* weight :
       {&attention.query, &attention.key, &attention.value, &attention.output}) {
    *weight = at::randn({4, 4}, at::kDouble);
  }
  attention.span = AttentionSpan::kSliding;
  const at::Tensor x = at::randn({5, 4}, at::kDouble);
  const at::Tensor pattern =
      attention_forward(c, attention, rotary_table(c, attention.span, 5, at::kDouble), x)
          .pattern[0];
  for (std::int64_t q = 0; q < 5; ++q) {
    for (std::int64_t k = 0; k < 5; ++k) {
      EXPECT_EQ(pattern[q][k].item<double>() > 0, k <= q && q - k < 3) << q << " " << k;
    }
  }
}

}  // namespace
}  // namespace circuit::testing
