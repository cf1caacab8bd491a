#include "tracer/replacement/linear_backward.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"
#include "tracer/machine/threads.h"
#include "tracer/replacement/linear_forward.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kIds = {0, 3, 8, 21, 5, 17};

// Keeps every gradient: [layer or embedding] of [targets, n_positions, d_model].
class KeepingSink : public GradientSink {
 public:
  KeepingSink(const BackwardBatch& batch, std::int64_t n_positions, std::int64_t d_model)
      : batch_(batch) {
    for (std::int64_t i = 0; i <= batch.n_layers(); ++i) {
      gradients.push_back(at::zeros({batch.size(), n_positions, d_model}, at::kDouble));
    }
  }
  void write_site(std::int64_t layer, const at::Tensor& rows) override {
    EXPECT_EQ(rows.size(0), batch_.active_rows(layer + 1));
    keep(gradients[static_cast<std::size_t>(layer)], batch_.active_slots(layer + 1), rows);
  }
  void embedding(const at::Tensor& rows) override { keep(gradients.back(), batch_.size(), rows); }
  void zeroed_values(std::int64_t, const at::Tensor&) override {}

  std::vector<at::Tensor> gradients;

 private:
  void keep(at::Tensor& to, std::int64_t slots, const at::Tensor& rows) {
    for (std::int64_t slot = 0; slot < slots; ++slot) {
      for (std::int64_t q = batch_.zero_positions(); q <= batch_.read(slot).position; ++q) {
        to[batch_.target(slot)][q].copy_(rows[batch_.row(slot, q)]);
      }
    }
  }
  const BackwardBatch& batch_;
};

// <covector, push(x)> = <pull(covector), x> for a random x at each write site and the embedding.
TEST(LinearBackward, IsTheTransposeOfLinearForward) {
  const ThreadScope threads(2);
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds);
    const std::vector<ReadPoint> reads = {{0, 2}, {1, 5}, {2, 1}, {2, 4}, {3, 5}, {1, 1}, {3, 3}};
    const BackwardBatch batch(reads, 3, 1);
    at::manual_seed(4);
    const at::Tensor covectors = at::randn({7, setup.model.config.d_model}, at::kDouble);
    KeepingSink sink(batch, 6, setup.model.config.d_model);
    LinearBackward(run).sweep(batch, covectors, sink);
    for (std::size_t site = 0; site <= 3; ++site) {
      at::Tensor x = at::randn({6, setup.model.config.d_model}, at::kDouble);
      x[0].zero_();  // no gradient is kept at the zeroed position
      FrozenInput input;
      if (site == 3) {
        input.embedding = x;
      } else {
        input.written.resize(3);
        input.written[site] = x;
      }
      const FrozenStream stream = linear_forward(run, input, 6);
      for (std::size_t t = 0; t < reads.size(); ++t) {
        const auto layer = static_cast<std::size_t>(reads[t].layer);
        const at::Tensor& read = layer == 3 ? stream.final_read : stream.reads[layer];
        const auto i = static_cast<std::int64_t>(t);
        EXPECT_NEAR((covectors[i] * read[reads[t].position]).sum().item<double>(),
                    (sink.gradients[site][i] * x).sum().item<double>(), 1e-10)
            << "site " << site << ", target " << t;
      }
    }
  }
}

TEST(LinearBackward, ReusesItsBuffersForBatchesOfOtherSizes) {
  const ThreadScope threads(1);
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const ReplacementRun run = run_replacement(setup.model, *setup.transcoders, kIds);
  LinearBackward backward(run);
  const at::Tensor covectors = at::randn({3, setup.model.config.d_model}, at::kDouble);
  const auto gradients = [&](LinearBackward& engine, const std::vector<ReadPoint>& reads) {
    const BackwardBatch batch(reads, 3, 1);
    KeepingSink sink(batch, 6, setup.model.config.d_model);
    engine.sweep(batch, covectors.narrow(0, 0, static_cast<std::int64_t>(reads.size())), sink);
    return sink.gradients.back().clone();
  };
  const std::vector<ReadPoint> many = {{3, 5}, {2, 5}, {1, 4}}, one = {{2, 3}};
  const at::Tensor first = gradients(backward, many);
  const at::Tensor small = gradients(backward, one);
  EXPECT_TRUE(at::equal(gradients(backward, many), first));
  LinearBackward fresh(run);
  EXPECT_TRUE(at::equal(gradients(fresh, one), small));
}

}  // namespace
}  // namespace circuit::testing
