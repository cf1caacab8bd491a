#include "export/patterns/svg_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/export/xml_rules.h"

namespace circuit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SvgWriter, EscapesTexts) {
  SvgWriter svg;
  svg.text(1, 2, "<script>&\"'", {.turned = -60});
  svg.rect(0, 0, 3, 4, {.fill = "#FFFFFF", .title = "</title><b>"});
  const std::string file = svg.finish(10, 20, "a < b", "");
  EXPECT_EQ(testing::first_xml_error(file), "");
  EXPECT_THAT(file, HasSubstr("&lt;script&gt;&amp;&quot;"));
  EXPECT_THAT(file, Not(HasSubstr("<b>")));
  EXPECT_THAT(file, HasSubstr("viewBox=\"0 0 10 20\""));
  EXPECT_THAT(file, HasSubstr("rotate(-60 1 2)"));
}

TEST(SvgWriter, WritesShortNumbers) {
  EXPECT_EQ(svg_number(1.0 / 3), "0.33");
  EXPECT_EQ(svg_number(12), "12");
  EXPECT_EQ(svg_number(-0.001), "0");
}

}  // namespace
}  // namespace circuit
