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
    const AttentionOutput out = attention_forward(c, attention, rotary_table(c, 6, at::kDouble), x);
    EXPECT_LT((out.pattern.sum(-1) - 1).abs().max().item<double>(), 1e-12);
    EXPECT_EQ(out.pattern.triu(1).abs().max().item<double>(), 0.0);
    at::Tensor values = at::mm(x, attention.value.t());
    if (attention.value_bias.defined()) values += attention.value_bias;
    at::Tensor pushed = attention_push(c, attention, out.pattern, values);
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

}  // namespace
}  // namespace circuit::testing
