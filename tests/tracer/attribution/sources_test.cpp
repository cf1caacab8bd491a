#include "tracer/attribution/sources.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"

namespace circuit::testing {
namespace {

// Decoder rows and matrices kept in memory, then made again for each layer.
TEST(Sources, GivesEveryFeatureAndTheErrorAtEachPlaceTheyWrite) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    for (const std::int64_t keep : {std::int64_t{0}, std::int64_t{1} << 30}) {
      const ReplacementRun run =
          run_replacement(setup.model, *setup.transcoders, std::vector<std::int32_t>{0, 3, 8, 21},
                          std::nullopt, keep);
      Sources sources(run, keep);
      std::int64_t kept_bytes = 0;
      for (std::int64_t layer = 2; layer >= 0; --layer) {
        for (std::int64_t q = 1; q < 4; ++q) {
          sources.open_layer(layer);
          at::Tensor found =
              at::empty({sources.written_count(q), setup.model.config.d_model}, at::kDouble);
          sources.written(q, found);
          std::vector<at::Tensor> expected;
          for (std::int64_t i = 0; i < run.features.size(); ++i) {
            const auto index = static_cast<std::size_t>(i);
            const std::int64_t from = run.features.layers[index];
            if (run.features.positions[index] != q || from > layer ||
                setup.transcoders->last_written_layer(from) < layer) {
              continue;
            }
            const at::Tensor feature =
                at::tensor({static_cast<std::int64_t>(run.features.features[index])});
            expected.push_back(run.features.activations[i] *
                               setup.transcoders->decoder_rows(from, feature)[0][layer - from]);
          }
          expected.push_back(run.errors[static_cast<std::size_t>(layer)][q]);
          EXPECT_TRUE(at::equal(found, at::stack(expected)));
          sources.open_kept_layer(layer);
          ASSERT_EQ(sources.kept(q).defined(), keep > 0);
          if (keep > 0) {
            EXPECT_TRUE(at::equal(sources.kept(q), found));
            kept_bytes += static_cast<std::int64_t>(found.nbytes());
          }
        }
      }
      EXPECT_EQ(sources.kept_bytes(), kept_bytes);
    }
  }
}

}  // namespace
}  // namespace circuit::testing
