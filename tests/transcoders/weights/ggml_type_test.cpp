#include "transcoders/weights/ggml_type.h"

#include <gtest/gtest.h>

namespace circuit {
namespace {

TEST(GgmlType, KnowsNamesAndSizesOfBlocks) {
  EXPECT_EQ(name_of(GgmlType::kQ4_1), "Q4_1");
  EXPECT_EQ(block_elements(GgmlType::kQ4_1), 32U);
  EXPECT_EQ(block_bytes(GgmlType::kQ4_1), 20U);
  EXPECT_EQ(block_elements(GgmlType::kF32), 1U);
  EXPECT_EQ(block_bytes(GgmlType::kF32), 4U);
}

TEST(GgmlType, KnowsTypesThatItCannotRead) {
  ASSERT_TRUE(ggml_type(10).has_value());
  EXPECT_EQ(name_of(*ggml_type(10)), "Q2_K");
  EXPECT_EQ(block_bytes(*ggml_type(10)), 84U);
}

TEST(GgmlType, KnowsNoTypeForWithdrawnAndForeignNumbers) {
  for (const std::uint32_t number : {4U, 5U, 31U, 42U, 4294967295U}) {
    EXPECT_FALSE(ggml_type(number).has_value()) << number;
  }
}

}  // namespace
}  // namespace circuit
