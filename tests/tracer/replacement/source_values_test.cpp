#include "tracer/replacement/source_values.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"
#include "tracer/replacement/read_site.h"
#include "tracer/replacement/write_site.h"

namespace circuit::testing {
namespace {

const std::vector<std::int32_t> kIds = {0, 3, 8, 21, 5}, kOthers = {0, 7, 8, 2, 5};

double difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(SourceValues, AddUpToWhatEveryMlpWrites) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const TranscoderSet& transcoders = *setup.transcoders;
    const ReplacementRun run = run_replacement(setup.model, transcoders, kIds);
    const SourceValues values = values_of(run, list_features(run, run));
    for (std::size_t layer = 0; layer < run.record.blocks.size(); ++layer) {
      const auto l = static_cast<std::int64_t>(layer);
      const BlockRecord& record = run.record.blocks[layer];
      const Block& block = setup.model.blocks[layer];
      at::Tensor expected = at::zeros({5, setup.model.config.d_model}, at::kDouble);
      for (std::int64_t i = 0; i < run.features.size(); ++i) {
        const auto n = static_cast<std::size_t>(i);
        const std::int64_t from = run.features.layers[n];
        if (from > l || transcoders.last_written_layer(from) < l) continue;
        expected[run.features.positions[n]] +=
            run.features.activations[i] *
            transcoders.decoder_rows_into(
                from, at::tensor({std::int64_t{run.features.features[n]}}), l)[0];
      }
      EXPECT_LT(difference(values.by_features[layer], expected), 1e-10);
      at::Tensor whole = values.by_features[layer] + values.rest[layer];
      if (const at::Tensor skip = transcoders.skip(l); skip.defined()) {
        whole += at::mm(read_input(transcoders.info().read_site, block.mlp_norm,
                                   record.mlp_inverse_scale, record.residual_mid),
                        skip.t());
      }
      EXPECT_LT(difference(whole, written_value(transcoders.info().write_site, block, record)),
                1e-10);
    }
  }
}

TEST(ListedFeatures, AreThoseOfEitherRunInOrder) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const ReplacementRun a = run_replacement(setup.model, *setup.transcoders, kIds);
  const ReplacementRun b = run_replacement(setup.model, *setup.transcoders, kOthers);
  const ListedFeatures listed = list_features(a, b);
  EXPECT_GT(listed.size(), a.features.size());
  EXPECT_LT(listed.size(), a.features.size() + b.features.size());
  for (const ReplacementRun* const run : {&a, &b}) {
    const SourceValues values = values_of(*run, listed);
    double sum = 0;
    for (std::int64_t i = 0; i < run->features.size(); ++i) {
      const auto n = static_cast<std::size_t>(i);
      const std::int64_t where = listed.find(run->features.layers[n], run->features.positions[n],
                                             run->features.features[n]);
      ASSERT_GE(where, 0);
      EXPECT_EQ(values.activations[where].item<double>(),
                run->features.activations[i].item<double>());
      sum += run->features.activations[i].abs().item<double>();
    }
    EXPECT_NEAR(values.activations.abs().sum().item<double>(), sum, 1e-9);  // the others are 0
  }
  EXPECT_EQ(listed.find(0, 0, 0), -1);  // a zeroed position
  EXPECT_EQ(listed.layer_offsets.back(), listed.size());
}

TEST(MeanValues, AreMeansOverPositionsBehindTheZeroedOnes) {
  const TinySetup setup(all_tiny_cases().front(), at::kDouble);
  const ReplacementRun a = run_replacement(setup.model, *setup.transcoders, kIds);
  const ReplacementRun b =
      run_replacement(setup.model, *setup.transcoders, std::vector<std::int32_t>{0, 9, 30});
  MeanValues means;
  means.add(a);
  means.add(b);
  EXPECT_EQ(means.positions(), 6);
  const ListedFeatures listed = list_features(a, a);
  const SourceValues own = values_of(a, listed), mean = means.values(a, listed);
  const auto behind = [](const at::Tensor& x) { return x.narrow(0, 1, x.size(0) - 1); };
  const at::Tensor embedding =
      at::cat({behind(a.record.token_embeddings), behind(b.record.token_embeddings)}).mean(0);
  EXPECT_EQ(difference(mean.embeddings[0], own.embeddings[0]), 0.0);
  EXPECT_LT(difference(mean.embeddings[3], embedding), 1e-12);
  const SourceValues others = values_of(b, list_features(b, b));
  const at::Tensor rest = at::cat({behind(own.rest[1]), behind(others.rest[1])}).mean(0);
  EXPECT_EQ(difference(mean.rest[1][0], own.rest[1][0]), 0.0);
  EXPECT_LT(difference(mean.rest[1][4], rest), 1e-12);
  const at::Tensor by_features =
      at::cat({behind(own.by_features[2]), behind(others.by_features[2])}).mean(0);
  EXPECT_LT(difference(mean.by_features[2][2], by_features), 1e-12);
  double sum = 0;  // of one feature, wherever it fires
  for (const ReplacementRun* const run : {&a, &b}) {
    for (std::int64_t i = 0; i < run->features.size(); ++i) {
      const auto n = static_cast<std::size_t>(i);
      if (run->features.layers[n] == listed.layers[0] &&
          run->features.features[n] == listed.features[0]) {
        sum += run->features.activations[i].item<double>();
      }
    }
  }
  EXPECT_NEAR(mean.activations[0].item<double>(), sum / 6, 1e-12);
}

}  // namespace
}  // namespace circuit::testing
