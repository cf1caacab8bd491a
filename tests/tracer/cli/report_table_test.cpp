#include "tracer/cli/report_table.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace circuit::cli {
namespace {

TEST(ReportTable, AlignsValues) {
  ReportTable table;
  table.add("a", "1");
  table.add_lines("größer", {"2", "3"});
  table.add_lines("nothing", {});
  EXPECT_EQ(table.text(), "a       1\ngrößer  2\n        3\n");
}

TEST(ReportTable, BreaksLongFlows) {
  ReportTable table;
  table.add_flow("t", std::vector<std::string>(30, "123456"));
  const std::string text = table.text();
  EXPECT_EQ(text.substr(0, 20), "t  123456  123456  1");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

TEST(ReportTable, WritesNumbersForPeople) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1,000");
  EXPECT_EQ(count_text(1234567), "1,234,567");
  EXPECT_EQ(seconds_text(0.414), "0.41 s");
  EXPECT_EQ(error_text(3.14e-7), "3.1e-07");
  EXPECT_EQ(in_quotes(" a\nb"), "\" a⏎b\"");
}

}  // namespace
}  // namespace circuit::cli
