// A file that the gguf package wrote, against what the same package reads from it.
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "transcoders/weights/dequantise.h"
#include "transcoders/weights/gguf.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

/// A double as Python's float.hex writes it.
std::string hex_of(double value) {
  char text[64];
  if (value == 0) return "0x0.0p+0";
  // Python writes all 13 digits, printf no trailing zeros.
  std::snprintf(text, sizeof text, "%.13a", value);
  return text;
}

std::string text_of(const GgufArrayView& values, std::size_t index) {
  switch (values.type) {
    case GgufValueType::kText:
      return std::string(values.texts().at(index));
    case GgufValueType::kF32:
    case GgufValueType::kF64:
      return hex_of(values.number(index));
    case GgufValueType::kBool:
      return values.bytes[index] == std::byte{0} ? "false" : "true";
    default:
      return std::to_string(values.integer(index));
  }
}

std::string text_of(const GgufEntry& entry) {
  const GgufArrayView values = entry.values();
  if (!entry.is_array) return text_of(values, 0);
  std::string text = "[";
  for (std::size_t i = 0; i < values.size; ++i) text += (i == 0 ? "" : ",") + text_of(values, i);
  return text + "]";
}

TEST(GgufGolden, KeysAreThoseThatTheGgufPackageReads) {
  const auto file = GgufFile::open(CIRCUIT_GOLDEN_DIR "/gguf/written.gguf");
  const auto expected = SafetensorsFile::open(CIRCUIT_GOLDEN_DIR "/gguf/written.safetensors");
  ASSERT_EQ(file.metadata().size(), expected.metadata().size());
  EXPECT_GE(file.metadata().size(), 17U);
  for (const GgufEntry& entry : file.metadata()) {
    ASSERT_TRUE(expected.metadata().contains(std::string(entry.key))) << entry.key;
    EXPECT_EQ(text_of(entry), expected.metadata().at(std::string(entry.key))) << entry.key;
  }
}

TEST(GgufGolden, TensorsAreThoseThatTheGgufPackageReads) {
  const auto file = GgufFile::open(CIRCUIT_GOLDEN_DIR "/gguf/written.gguf");
  const auto expected = SafetensorsFile::open(CIRCUIT_GOLDEN_DIR "/gguf/written.safetensors");
  ASSERT_EQ(file.tensors().size(), expected.names().size());
  EXPECT_EQ(file.tensors().size(), 11U);
  for (const GgufTensorView& tensor : file.tensors()) {
    const TensorView& wanted = expected.view(tensor.name);
    EXPECT_EQ(to_string(tensor.shape()), to_string(wanted.shape)) << tensor.name;
    std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
    dequantise(tensor.type, tensor.bytes, values);
    ASSERT_EQ(values.size() * sizeof(float), wanted.bytes.size());
    EXPECT_EQ(std::memcmp(values.data(), wanted.bytes.data(), wanted.bytes.size()), 0)
        << tensor.name;
  }
}

}  // namespace
}  // namespace circuit
