#include "tracer/replacement/decoder_rows.h"

#include <limits>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_setup.h"

namespace circuit::testing {
namespace {

TEST(DecoderRows, HoldsEachFeaturesRowsOnceAndFindsThemForEachTimeItFires) {
  for (const TinyCase& tiny : all_tiny_cases()) {
    SCOPED_TRACE(tiny.name);
    const TinySetup setup(tiny, at::kFloat);
    const std::vector<at::Tensor> features = {at::tensor({5, 2, 5, 2, 9}, at::kLong),
                                              at::empty({0}, at::kLong),
                                              at::tensor({1, 1}, at::kLong)};
    std::int64_t bytes = 0;
    for (const std::int64_t keep : {std::int64_t{0}, std::numeric_limits<std::int64_t>::max()}) {
      const DecoderRows rows(*setup.transcoders, features, keep);
      EXPECT_EQ(rows.kept(), keep > 0);
      bytes = rows.bytes();
      for (std::int64_t from = 0; from < 3; ++from) {
        const at::Tensor all =
            setup.transcoders->decoder_rows(from, features[static_cast<std::size_t>(from)]);
        for (std::int64_t into = from; into <= setup.transcoders->last_written_layer(from);
             ++into) {
          const at::Tensor found = rows.rows(from, into);
          EXPECT_EQ(found.size(0), from == 0 ? 3 : from == 1 ? 0 : 1);
          EXPECT_TRUE(
              at::equal(found.index_select(0, rows.index(from)), all.select(1, into - from)));
        }
      }
    }
    const bool cross_layer = setup.transcoders->info().cross_layer;
    EXPECT_EQ(bytes, (3 * (cross_layer ? 3 : 1) + 1) * setup.model.config.d_model * 4);
    EXPECT_EQ(DecoderRows(*setup.transcoders, features, 0).largest_layer_bytes(),
              (cross_layer ? 4 : 3) * setup.model.config.d_model * 4);
  }
}

}  // namespace
}  // namespace circuit::testing
