#include "tracer/text/proto_reader.h"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;

std::string complaint(std::string_view message) {
  return message_of<std::invalid_argument>([&] {
    ProtoReader reader(message);
    while (reader.next()) {
    }
  });
}

TEST(ProtoReader, ReadsFieldsOfEachWireType) {
  const std::string message = std::string("\x08\xAC\x02") +
                              "\x12\x03"
                              "abc" +
                              std::string("\x1D\x00\x00\x80\xBF", 5) +
                              std::string("\x21\x01\x02\x00\x00\x00\x00\x00\x00", 9);
  ProtoReader reader(message);
  auto field = reader.next();
  EXPECT_EQ(field->number, 1U);
  EXPECT_EQ(field->integer, 300U);
  field = reader.next();
  EXPECT_EQ(field->number, 2U);
  EXPECT_EQ(field->bytes, "abc");
  field = reader.next();
  EXPECT_EQ(field->number, 3U);
  EXPECT_EQ(field->integer, 0xBF800000U);  // the float −1
  field = reader.next();
  EXPECT_EQ(field->number, 4U);
  EXPECT_EQ(field->integer, 0x201U);
  EXPECT_FALSE(reader.next());
}

TEST(ProtoReader, RefusesDamagedMessages) {
  EXPECT_EQ(complaint("\x08"), "[read_proto] a number is cut short");
  EXPECT_EQ(complaint("\x08\xFF\xFF"), "[read_proto] a number is cut short");
  EXPECT_EQ(complaint("\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"),
            "[read_proto] a number has more than ten bytes");
  EXPECT_EQ(complaint("\x1D\x01"), "[read_proto] a number is cut short");
  EXPECT_EQ(complaint("\x12\x05"
                      "abc"),
            "[read_proto] a field of 5 bytes, 3 are left");
  EXPECT_EQ(complaint("\x13"), "[read_proto] field 2 has wire type 3");
}

}  // namespace
}  // namespace circuit
