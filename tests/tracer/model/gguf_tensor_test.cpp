#include "tracer/model/gguf_tensor.h"

#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/support/gguf_writer.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "tracer/machine/process_memory.h"
#include "tracer/machine/threads.h"
#include "transcoders/weights/dequantise.h"

namespace circuit {
namespace {

using testing::GgufWriter;
using testing::message_of;
using testing::TempDir;

using Shape = std::vector<std::int64_t>;

class GgufTensor : public ::testing::Test {
 protected:
  GgufFile open(const GgufWriter& writer) const {
    writer.write(directory_ / "a.gguf");
    return GgufFile::open(directory_ / "a.gguf");
  }

  ThreadScope threads_{2};
  c10::InferenceMode inference_;
  TempDir directory_;
};

/// Blocks of Q8_0 with scale 2^-7 and codes that differ from block to block.
std::string q8_blocks(std::size_t n_blocks) {
  std::string bytes;
  for (std::size_t block = 0; block < n_blocks; ++block) {
    bytes += std::string("\x00\x20", 2);  // 2^-7 as a 16-bit float
    for (std::size_t i = 0; i < 32; ++i) bytes += static_cast<char>((block * 7 + i * 13) % 251);
  }
  return bytes;
}

TEST_F(GgufTensor, IsTheSameInEveryPartAndForAnyThreads) {
  constexpr std::size_t kBlocks = 20'001;  // three tasks, the last not full
  GgufWriter writer;
  writer.tensor("w", GgmlType::kQ8_0, Shape{3, 6667 * 32}, q8_blocks(kBlocks));
  const GgufFile file = open(writer);
  std::vector<float> expected(kBlocks * 32);
  dequantise(GgmlType::kQ8_0, file.view("w").bytes, expected);
  const at::Tensor values = load_gguf_tensor(file, "w", Shape{3, 6667 * 32}, at::kFloat);
  EXPECT_TRUE(values.flatten().equal(at::tensor(expected)));
  EXPECT_TRUE(
      load_gguf_tensor(file, "w", Shape{3, 6667 * 32}, at::kDouble).equal(values.to(at::kDouble)));
  EXPECT_TRUE(load_gguf_tensor(file, "w", Shape{3, 6667 * 32}, at::kBFloat16)
                  .equal(values.to(at::kBFloat16)));
}

TEST_F(GgufTensor, StaysInTheFileWhereItHoldsTheType) {
  const std::vector<float> values{1, -2, 0.5F, 4};
  GgufWriter writer;
  writer.tensor("w", Shape{2, 2}, values);
  const GgufFile file = open(writer);
  const at::Tensor tensor = load_gguf_tensor(file, "w", Shape{2, 2}, at::kFloat);
  EXPECT_TRUE(tensor.flatten().equal(at::tensor(values)));
  EXPECT_EQ(tensor.data_ptr(), static_cast<const void*>(file.view("w").bytes.data()));
  EXPECT_TRUE(load_gguf_tensor(file, "w", Shape{2, 2}, at::kDouble).equal(tensor.to(at::kDouble)));
}

TEST_F(GgufTensor, LeavesNoPagesOfTheFileBehind) {
  constexpr std::size_t kBlocks = std::size_t{1} << 20U;  // 34 MiB
  GgufWriter writer;
  writer.tensor("w", GgmlType::kQ8_0, Shape{1 << 20, 32}, q8_blocks(kBlocks));
  const GgufFile file = open(writer);
  writer = {};
  const std::int64_t before = resident_memory_bytes();
  const at::Tensor values = load_gguf_tensor(file, "w", Shape{1 << 20, 32}, at::kFloat);
  const auto result = static_cast<std::int64_t>(values.nbytes());
  EXPECT_LT(resident_memory_bytes() - before, result + (std::int64_t{8} << 20));
}

TEST_F(GgufTensor, NamesWhatDoesNotFit) {
  const float infinity = std::numeric_limits<float>::infinity();
  GgufWriter writer;
  writer.tensor("w", Shape{2, 3}, std::vector<float>{0, 1, 2, 3, 4, 5});
  writer.tensor("bad", Shape{3}, std::vector<float>{infinity, 1, -infinity});
  writer.tensor("q2", *ggml_type(10), Shape{256}, std::string(84, 'q'));
  const GgufFile file = open(writer);
  const std::string start = "[load_model] " + file.path().string() + ": ";
  const auto message = [&](const char* name, const Shape& shape, at::ScalarType type) {
    return message_of<std::runtime_error>([&] { load_gguf_tensor(file, name, shape, type); });
  };
  EXPECT_EQ(message("w", {3, 2}, at::kFloat), start + "tensor w is [2, 3], expected [3, 2]");
  EXPECT_EQ(message("v", {3, 2}, at::kFloat), start + "no tensor v");
  EXPECT_EQ(message("bad", {3}, at::kFloat),
            start + "tensor bad holds 2 values that are not finite");
  EXPECT_EQ(message("bad", {3}, at::kDouble),
            start + "tensor bad holds 2 values that are not finite");
  EXPECT_EQ(message("q2", {256}, at::kFloat),
            start + "tensor q2 is of type Q2_K, which is not supported");
}

}  // namespace
}  // namespace circuit
