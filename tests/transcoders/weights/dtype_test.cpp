#include "transcoders/weights/dtype.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;

TEST(Dtype, NamesRoundTripForEveryType) {
  for (const Dtype dtype : {Dtype::kF64, Dtype::kF32, Dtype::kF16, Dtype::kBF16, Dtype::kI64,
                            Dtype::kI32, Dtype::kI16, Dtype::kI8, Dtype::kU8, Dtype::kBool}) {
    EXPECT_EQ(dtype_from_name(name_of(dtype)), dtype);
  }
}

TEST(Dtype, SizesAreThoseOfTheFormat) {
  EXPECT_EQ(size_of(Dtype::kF64), 8U);
  EXPECT_EQ(size_of(Dtype::kF32), 4U);
  EXPECT_EQ(size_of(Dtype::kBF16), 2U);
  EXPECT_EQ(size_of(Dtype::kI64), 8U);
  EXPECT_EQ(size_of(Dtype::kU8), 1U);
  EXPECT_EQ(size_of(Dtype::kBool), 1U);
}

TEST(Dtype, RefusesAnUnknownNameAndListsTheKnownOnes) {
  EXPECT_EQ(message_of<std::runtime_error>([] { dtype_from_name("F8_E4M3"); }),
            "[dtype_from_name] type is \"F8_E4M3\", expected one of F64, F32, F16, BF16, I64, I32, "
            "I16, I8, U8, BOOL");
}

}  // namespace
}  // namespace circuit
