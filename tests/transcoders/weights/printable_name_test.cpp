#include "transcoders/weights/printable_name.h"

#include <string>

#include <gtest/gtest.h>

namespace circuit {
namespace {

TEST(PrintableName, KeepsOrdinaryTextAndUtf8) {
  EXPECT_EQ(printable_name("model.layers.0.größe"), "\"model.layers.0.größe\"");
}

TEST(PrintableName, EscapesWhatWouldBreakALineOrAQuote) {
  EXPECT_EQ(printable_name(std::string_view("a\n\x1b\0\"\\", 6)), R"("a\x0A\x1B\x00\"\\")");
}

TEST(PrintableName, CutsALongName) {
  EXPECT_EQ(printable_name(std::string(500, 'a')), "\"" + std::string(120, 'a') + "...\"");
}

}  // namespace
}  // namespace circuit
