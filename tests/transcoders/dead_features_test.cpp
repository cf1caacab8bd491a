#include "transcoders/dead_features.h"

#include <limits>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tensor_file.h"
#include "tests/support/tiny_transcoders.h"

namespace circuit {
namespace {

using testing::edit_tensors;
using testing::NamedTensors;
using testing::TempDir;
using testing::write_tiny_transcoders;

TEST(DeadFeatures, CountsZeroRowsAndInfiniteThresholdsOfEachLayer) {
  const TempDir directory;
  write_tiny_transcoders(directory.path(), {.activation = ActivationKind::kJumpRelu});
  edit_tensors(directory / "layer_1.safetensors", [](NamedTensors& tensors) {
    tensors["W_enc"].narrow(0, 3, 2).zero_();
    tensors["W_dec"].narrow(0, 39, 1).zero_();
    tensors["activation_function.threshold"].narrow(0, 0, 3).fill_(
        std::numeric_limits<float>::infinity());
  });
  const std::vector<DeadFeatures> dead = count_dead_features(*load_transcoders(directory.path()));
  ASSERT_EQ(dead.size(), 3U);
  EXPECT_EQ(dead[0].encoder_rows + dead[0].decoder_rows + dead[0].thresholds, 0);
  EXPECT_EQ(dead[1].encoder_rows, 2);
  EXPECT_EQ(dead[1].decoder_rows, 1);
  EXPECT_EQ(dead[1].thresholds, 3);
}

TEST(DeadFeatures, AreThoseThatWriteIntoNoLayer) {
  const TempDir directory;
  write_tiny_transcoders(directory.path(), {.cross_layer = true});
  edit_tensors(directory / "W_dec_0.safetensors", [](NamedTensors& tensors) {
    tensors["W_dec_0"][5].zero_();     // into all three
    tensors["W_dec_0"][6][1].zero_();  // into one
  });
  EXPECT_EQ(count_dead_features(*load_transcoders(directory.path()))[0].decoder_rows, 1);
}

}  // namespace
}  // namespace circuit
