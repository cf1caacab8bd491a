#include "transcoders/weights/dequantise.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/throws.h"
#include "transcoders/weights/safetensors.h"

namespace circuit {
namespace {

using testing::message_of;

/// Equal bits, or both not a number: its sign and payload are the machine's.
bool same(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) ||
         std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

std::vector<float> floats_of(const TensorView& view) {
  std::vector<float> values(view.bytes.size() / sizeof(float));
  std::memcpy(values.data(), view.bytes.data(), view.bytes.size());
  return values;
}

class DequantiseGolden : public ::testing::TestWithParam<GgmlType> {};

TEST_P(DequantiseGolden, GivesTheBitsOfTheGgufPackage) {
  const auto file = SafetensorsFile::open(CIRCUIT_GOLDEN_DIR "/gguf/dequantise.safetensors");
  const std::string name(name_of(GetParam()));
  const std::vector<float> expected = floats_of(file.view(name + ".values"));
  std::vector<float> values(expected.size());
  dequantise(GetParam(), file.view(name + ".blocks").bytes, values);
  std::size_t different = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    different += static_cast<std::size_t>(!same(values[i], expected[i]));
  }
  EXPECT_EQ(different, 0U) << "of " << values.size();
  EXPECT_GE(values.size(), 4096U);
}

INSTANTIATE_TEST_SUITE_P(Types, DequantiseGolden,
                         ::testing::Values(GgmlType::kF16, GgmlType::kBF16, GgmlType::kQ8_0,
                                           GgmlType::kQ4_0, GgmlType::kQ4_1, GgmlType::kQ5_0,
                                           GgmlType::kQ5_1, GgmlType::kQ4_K, GgmlType::kQ5_K,
                                           GgmlType::kQ6_K),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST(Dequantise, GivesPartsOfATensorAsTheWhole) {
  const auto file = SafetensorsFile::open(CIRCUIT_GOLDEN_DIR "/gguf/dequantise.safetensors");
  const auto blocks = file.view("Q5_K.blocks").bytes;
  const std::vector<float> expected = floats_of(file.view("Q5_K.values"));
  std::vector<float> values(512);
  dequantise(GgmlType::kQ5_K, blocks.subspan(std::size_t{20} * 176, std::size_t{2} * 176), values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_TRUE(same(values[i], expected[20 * 256 + i])) << i;
  }
}

template <class T>
float single(GgmlType type, T value) {
  std::array<float, 1> result{};
  dequantise(type, std::as_bytes(std::span(&value, 1)), result);
  return result[0];
}

TEST(Dequantise, ReadsPlainNumbers) {
  EXPECT_EQ(single(GgmlType::kF32, 0.1F), 0.1F);
  EXPECT_EQ(single(GgmlType::kF64, 0.1), 0.1F);
  EXPECT_EQ(single(GgmlType::kI8, std::int8_t{-128}), -128.F);
  EXPECT_EQ(single(GgmlType::kI16, std::int16_t{-32768}), -32768.F);
  EXPECT_EQ(single(GgmlType::kI32, std::int32_t{16777217}), 16777216.F);
  EXPECT_EQ(single(GgmlType::kI64, std::int64_t{-5}), -5.F);
}

TEST(Dequantise, TakesNothingToNothing) { EXPECT_NO_THROW(dequantise(GgmlType::kQ6_K, {}, {})); }

TEST(Dequantise, RefusesOtherTypesAndSpansThatDoNotMatch) {
  const GgmlType q2 = *ggml_type(10);
  EXPECT_FALSE(can_dequantise(q2));
  EXPECT_TRUE(can_dequantise(GgmlType::kQ6_K));
  EXPECT_EQ(message_of<std::invalid_argument>([&] { dequantise(q2, {}, {}); }),
            "[dequantise] type Q2_K is not supported");
  const std::array<std::byte, 19> bytes{};
  std::array<float, 32> values{};
  EXPECT_EQ(message_of<std::invalid_argument>([&] { dequantise(GgmlType::kQ4_0, bytes, values); }),
            "[dequantise] 19 bytes of Q4_0 are not 32 values");
  EXPECT_EQ(message_of<std::invalid_argument>([&] {
              dequantise(GgmlType::kQ4_0, std::span(bytes).first(18), std::span(values).first(31));
            }),
            "[dequantise] 18 bytes of Q4_0 are not 31 values");
}

}  // namespace
}  // namespace circuit
