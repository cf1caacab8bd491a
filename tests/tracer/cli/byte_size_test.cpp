#include "tracer/cli/byte_size.h"

#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit::cli {
namespace {

using circuit::testing::message_of;

TEST(ByteSize, ReadsDecimalsAndUnits) {
  EXPECT_EQ(parse_byte_size("4096"), 4096);
  EXPECT_EQ(parse_byte_size("12B"), 12);
  EXPECT_EQ(parse_byte_size("1.5GiB"), 1'610'612'736);
  EXPECT_EQ(parse_byte_size("800MB"), 800'000'000);
  EXPECT_EQ(parse_byte_size("8 gib"), std::int64_t{8} << 30);
  EXPECT_EQ(parse_byte_size("0.5kB"), 500);
  EXPECT_EQ(parse_byte_size("2TiB"), std::int64_t{2} << 40);
}

TEST(ByteSize, RefusesWhatIsNoSize) {
  for (const char* text :
       {"", "GiB", "-1GiB", "0", "1e3", "nan", "inf", "1GiBs", "3Q", "99999999TiB", "0x10", " 1"}) {
    EXPECT_EQ(message_of<std::invalid_argument>([&] { parse_byte_size(text); }),
              "size '" + std::string(text) +
                  "', expected a number of bytes such as 1.5GiB, 800MB or 4096");
  }
}

TEST(ByteSize, IsWrittenAsItIsRead) {
  EXPECT_EQ(byte_size_text(12), "12 B");
  EXPECT_EQ(byte_size_text(1536), "1.5 KiB");
  EXPECT_EQ(byte_size_text(std::int64_t{8} << 30), "8 GiB");
  EXPECT_EQ(byte_size_text((std::int64_t{200} << 20) + 900'000), "201 MiB");
  EXPECT_EQ(byte_size_option(std::int64_t{8} << 30), "8GiB");
  EXPECT_EQ(parse_byte_size(byte_size_option(std::int64_t{1} << 40)), std::int64_t{1} << 40);
}

}  // namespace
}  // namespace circuit::cli
