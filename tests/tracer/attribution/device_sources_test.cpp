#include "tracer/attribution/device_sources.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"
#include "tracer/machine/threads.h"

namespace circuit::testing {
namespace {

// Every padded column holds the vector that Sources gives, or 0; twice, as two batches ask.
TEST(DeviceSources, GivesEverySourceInItsColumnAndZerosBetween) {
  const ThreadScope threads(2);
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kDouble);
    const ReplacementRun run = run_replacement(setup.model, *setup.transcoders,
                                               std::vector<std::int32_t>{0, 3, 8, 21, 9}, 2);
    for (const bool resident : {false, true}) {
      Sources sources(run), plain(run);
      DeviceSources matrices(run, sources, resident);
      const DeviceColumns& columns = matrices.columns();
      for (std::int64_t step = 0; step < 6; ++step) {
        const std::int64_t layer = 2 - step % 3;
        const at::Tensor found = matrices.layer(layer).clone();
        ASSERT_EQ(found.size(0), 3);
        plain.open_layer(layer);
        for (std::int64_t q = 2; q < 5; ++q) {
          at::Tensor packed = at::empty({plain.written_count(q), found.size(2)}, at::kDouble);
          plain.written(q, packed);
          at::Tensor expected = at::zeros_like(found[0]);
          std::int64_t next = 0;
          for (std::int64_t from = plain.first_layer(layer); from <= layer; ++from) {
            const std::int64_t begin = columns.begin(from) - matrices.first_column(layer);
            for (std::int64_t i = 0; i < plain.columns().feature_count(from, q); ++i) {
              expected[begin + i].copy_(packed[next++]);
            }
          }
          expected[columns.error(layer) - matrices.first_column(layer)].copy_(packed[next]);
          EXPECT_TRUE(at::equal(found[q - 2], expected)) << layer << " " << q;
        }
      }
    }
  }
}

TEST(DeviceSources, KeepsALayerOnTheDeviceOnlyWhenResident) {
  const ThreadScope threads(1);
  const TinySetup setup(all_tiny_cases().front(), at::kFloat);
  const ReplacementRun run =
      run_replacement(setup.model, *setup.transcoders, std::vector<std::int32_t>{0, 3, 8, 21});
  Sources sources(run);
  DeviceSources kept(run, sources, /*resident=*/true), streamed(run, sources, /*resident=*/false);
  const void* top = kept.layer(2).data_ptr();
  const void* passing = streamed.layer(2).data_ptr();
  for (const std::int64_t layer : {1, 0}) {
    EXPECT_NE(kept.layer(layer).data_ptr(), top);
    streamed.layer(layer);
  }
  EXPECT_EQ(kept.layer(2).data_ptr(), top);
  EXPECT_EQ(streamed.layer(0).data_ptr(), passing);
}

}  // namespace
}  // namespace circuit::testing
