#include "tracer/replacement/linear_forward.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kIds = {0, 3, 8, 21, 5};

// Everything at once - embeddings, constants and every write - must give back the live run.
TEST(LinearForward, ReproducesTheLiveRunFromAllItsParts) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds);
    FrozenInput input;
    input.with_constants = true;
    input.embedding = run.record.token_embeddings;
    if (setup.model.position_embedding.defined()) {
      input.embedding = input.embedding + setup.model.position_embedding.narrow(0, 0, 5);
    }
    std::vector<at::Tensor> reads;
    for (std::size_t layer = 0; layer < run.record.blocks.size(); ++layer) {
      const BlockRecord& block = run.record.blocks[layer];
      reads.push_back(read_input(setup.transcoders->info().read_site,
                                 setup.model.blocks[layer].mlp_norm, block.mlp_inverse_scale,
                                 block.residual_mid));
      const at::Tensor skip = setup.transcoders->skip(static_cast<std::int64_t>(layer));
      const at::Tensor& written =
          written_value(setup.transcoders->info().write_site, setup.model.blocks[layer], block);
      input.written.push_back(skip.defined() ? written - at::mm(reads.back(), skip.t()) : written);
    }
    const FrozenStream stream = linear_forward(run, input, 5);
    for (std::size_t layer = 0; layer < reads.size(); ++layer) {
      EXPECT_LT((stream.reads[layer] - reads[layer]).abs().max().item<double>(), 1e-10);
    }
    const at::Tensor logits = at::mv(setup.model.unembedding, stream.final_read[4]);
    EXPECT_LT((logits - run.record.uncapped_logits[0]).abs().max().item<double>(), 1e-10);
  }
}

TEST(LinearForward, GivesTheFirstPositionsWithoutTheOthers) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds);
  FrozenInput whole, part;
  whole.embedding = run.record.token_embeddings;
  part.embedding = run.record.token_embeddings.narrow(0, 0, 2);
  const FrozenStream a = linear_forward(run, whole, 5), b = linear_forward(run, part, 2);
  EXPECT_LT((a.final_read.narrow(0, 0, 2) - b.final_read).abs().max().item<double>(), 1e-12);
  EXPECT_LT((a.values[2].narrow(0, 0, 2) - b.values[2]).abs().max().item<double>(), 1e-12);
}

}  // namespace
}  // namespace circuit::testing
