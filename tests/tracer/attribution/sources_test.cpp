#include "tracer/attribution/sources.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"

namespace circuit::testing {
namespace {

TEST(Sources, HoldsEveryFeatureAndErrorOnceAtEachSiteItWrites) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    ReplacementRun run =
        run_replacement(setup.model, *setup.transcoders, std::vector<std::int32_t>{0, 3, 8, 21});
    const std::vector<at::Tensor> decoder_rows = run.decoder_rows;
    const SourceTable table = collect_sources(run);
    EXPECT_TRUE(run.decoder_rows.empty());
    EXPECT_EQ(table.positions[0].columns(), 0);
    for (std::int64_t layer = 0; layer < 3; ++layer) {
      for (std::int64_t q = 1; q < 4; ++q) {
        const PositionSources& sources = table.positions[static_cast<std::size_t>(q)];
        const WriteSiteSources& site =
            table.written[static_cast<std::size_t>(layer)][static_cast<std::size_t>(q)];
        const bool cross_layer = setup.transcoders->info().cross_layer;
        const std::int64_t begin =
            cross_layer ? 0 : sources.layer_begin[static_cast<std::size_t>(layer)];
        const std::int64_t end = sources.layer_begin[static_cast<std::size_t>(layer) + 1];
        ASSERT_EQ(site.begin, begin);
        ASSERT_EQ(site.vectors.size(0), end - begin);
        // The last column is the error of this layer; the one before, its last feature.
        const at::Tensor error = site.vectors[end - begin - 1];
        EXPECT_TRUE(at::equal(error, run.errors[static_cast<std::size_t>(layer)][q]));
        for (std::int64_t c = sources.layer_begin[static_cast<std::size_t>(layer)]; c < end - 1;
             ++c) {
          const std::int64_t active = sources.first_feature[static_cast<std::size_t>(layer)] + c -
                                      sources.layer_begin[static_cast<std::size_t>(layer)];
          EXPECT_EQ(run.features.layers[static_cast<std::size_t>(active)], layer);
          EXPECT_EQ(run.features.positions[static_cast<std::size_t>(active)], q);
          const std::int64_t row =
              active - run.features.layer_offsets[static_cast<std::size_t>(layer)];
          EXPECT_TRUE(at::equal(site.vectors[c - begin],
                                decoder_rows[static_cast<std::size_t>(layer)][row][0]));
        }
      }
    }
    EXPECT_EQ(table.n_columns(), run.features.size() + 3 * 4 + 4);
  }
}

}  // namespace
}  // namespace circuit::testing
