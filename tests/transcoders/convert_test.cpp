#include "transcoders/convert.h"

#include <filesystem>
#include <stdexcept>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/tensor_file.h"
#include "tests/support/throws.h"
#include "tests/support/tiny_sae.h"
#include "tests/support/tiny_transcoders.h"
#include "transcoders/sae.h"
#include "transcoders/transcoder_set.h"

namespace circuit {
namespace {

using testing::edit_tensors;
using testing::message_of;
using testing::NamedTensors;
using testing::read_tensors;
using testing::read_text;
using testing::TempDir;
using testing::TinyTranscoderSpec;
using testing::write_text;
using testing::write_tiny_sae;
using testing::write_tiny_transcoders;

class Convert : public ::testing::Test {
 protected:
  std::filesystem::path from() const { return directory_ / "from"; }
  std::filesystem::path to() const { return directory_ / "to"; }
  /// Names of everything beside FROM.
  std::size_t count_entries() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(directory_.path())) {
      ++count;
    }
    return count;
  }

  TempDir directory_;
};

TEST_F(Convert, CopiesNativeWeightsBitForBit) {
  for (const bool cross_layer : {false, true}) {
    for (const Dtype dtype : {Dtype::kF32, Dtype::kBF16, Dtype::kF16, Dtype::kF64}) {
      std::filesystem::remove_all(from());
      std::filesystem::remove_all(to());
      write_tiny_transcoders(from(), {.cross_layer = cross_layer,
                                      .activation = ActivationKind::kJumpRelu,
                                      .skip = true,
                                      .dtype = dtype});
      convert_to_native(from(), to());
      for (const auto& entry : std::filesystem::directory_iterator(from())) {
        if (entry.path().extension() != ".safetensors") continue;
        EXPECT_EQ(read_text(entry.path()), read_text(to() / entry.path().filename())) << entry;
      }
    }
  }
}

TEST_F(Convert, KeepsWhatTheConfigSays) {
  write_tiny_transcoders(from(), {.cross_layer = true,
                                  .activation = ActivationKind::kTopK,
                                  .read_site = ReadSite::kNormalized,
                                  .write_site = WriteSite::kMlpOut});
  const Converted done = convert_to_native(from(), to());
  EXPECT_EQ(done.kind, "cross-layer");
  EXPECT_EQ(done.format, "native");
  EXPECT_EQ(done.n_layers, 3);
  EXPECT_EQ(done.folded, "");
  const TranscoderInfo was = inspect_transcoders(from());
  const TranscoderInfo is = inspect_transcoders(to());
  EXPECT_EQ(is.model_name, was.model_name);
  EXPECT_EQ(is.scan, was.scan);
  EXPECT_EQ(is.activation, "topk 8");
  EXPECT_EQ(is.read_site, was.read_site);
  EXPECT_EQ(is.write_site, was.write_site);
  const std::string config = read_text(to() / "config.yaml");
  EXPECT_NE(config.find("converted_from_format: \"native\"\nconverted_from: \"from\"\n"),
            std::string::npos)
      << config;
}

TEST_F(Convert, RoundsOnceToTheAskedType) {
  write_tiny_transcoders(from(), {.n_layers = 1});
  EXPECT_EQ(convert_to_native(from(), to(), {.dtype = Dtype::kBF16}).dtype, "BF16");
  const NamedTensors was = read_tensors(from() / "layer_0.safetensors");
  const NamedTensors is = read_tensors(to() / "layer_0.safetensors");
  ASSERT_EQ(is.size(), was.size());
  for (const auto& [name, tensor] : was) {
    EXPECT_TRUE(at::equal(is.at(name), tensor.to(at::kBFloat16))) << name;
  }
}

TEST_F(Convert, SpreadsOneThresholdOverAllFeatures) {
  write_tiny_transcoders(from(), {.n_layers = 1});
  edit_tensors(from() / "layer_0.safetensors", [](NamedTensors& tensors) {
    tensors["activation_function.threshold"] = at::full({1}, 0.25F);
  });
  convert_to_native(from(), to());
  EXPECT_TRUE(
      at::equal(read_tensors(to() / "layer_0.safetensors").at("activation_function.threshold"),
                at::full({40}, 0.25F)));
}

TEST_F(Convert, WritesSaes) {
  write_tiny_sae(from(), {.hook = "attn_out.4",
                          .activation = ActivationKind::kTopK,
                          .topk_relu = true,
                          .apply_b_dec_to_input = true,
                          .input_scale = 0.25});
  EXPECT_EQ(convert_to_native(from(), to()).kind, "SAE");
  const SaeInfo info = inspect_sae(to());
  EXPECT_EQ(to_string(info.hook), "attn_out.4");
  EXPECT_EQ(info.activation, "topk 8 of positive values");
  EXPECT_TRUE(info.apply_b_dec_to_input);
  EXPECT_EQ(info.input_scale, 0.25);
  EXPECT_EQ(read_text(from() / "sae.safetensors"), read_text(to() / "sae.safetensors"));
  // A hook that is given wins.
  std::filesystem::remove_all(to());
  convert_to_native(from(), to(), {.dtype = {}, .hook = parse_sae_hook("resid_post.2")});
  EXPECT_EQ(to_string(inspect_sae(to()).hook), "resid_post.2");
}

TEST_F(Convert, TellsHowFarItIs) {
  write_tiny_transcoders(from(), {});
  std::vector<std::int64_t> done;
  convert_to_native(
      from(), to(),
      {.dtype = {}, .hook = {}, .progress = [&done](std::int64_t now, std::int64_t all) {
         EXPECT_EQ(all, 3);
         done.push_back(now);
       }});
  EXPECT_EQ(done, (std::vector<std::int64_t>{0, 1, 2}));
}

TEST_F(Convert, LeavesNothingBehindWhenItFails) {
  write_tiny_transcoders(from(), {});
  edit_tensors(from() / "layer_2.safetensors", [](NamedTensors& tensors) {
    tensors["W_dec"][3][0] = std::numeric_limits<float>::quiet_NaN();
  });
  EXPECT_EQ(message_of<std::runtime_error>([&] { convert_to_native(from(), to()); }),
            "[decoder_rows] " + (from() / "layer_2.safetensors").string() +
                ": tensor W_dec holds 1 values that are not finite");
  EXPECT_EQ(count_entries(), 1U);
}

TEST_F(Convert, WritesOverNothing) {
  write_tiny_transcoders(from(), {});
  std::filesystem::create_directory(to());
  convert_to_native(from(), to());
  EXPECT_EQ(message_of<std::runtime_error>([&] { convert_to_native(from(), to()); }),
            "[convert] " + to().string() + ": is there already, expected a new or empty directory");
  EXPECT_EQ(count_entries(), 2U);
}

TEST_F(Convert, RefusesTypesThatAreNoFloats) {
  write_tiny_transcoders(from(), {});
  EXPECT_EQ(message_of<std::invalid_argument>(
                [&] { convert_to_native(from(), to(), {.dtype = Dtype::kI32}); }),
            "[convert] dtype is I32, expected F64, F32, F16 or BF16");
}

}  // namespace
}  // namespace circuit
