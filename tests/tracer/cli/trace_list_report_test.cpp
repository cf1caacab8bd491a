#include "tracer/cli/trace_list_report.h"

#include <gtest/gtest.h>

namespace circuit::cli {
namespace {

TEST(TraceListReport, HasALineForEachPrompt) {
  const ListedPrompt prompt{.line = 12, .id = "12", .name = "000012"};
  TraceReport report;
  Target target;
  target.label = " grand";
  target.probability = 0.99768F;
  report.targets = {target};
  report.kept_nodes = 28;
  report.kept_edges = 1500;
  report.seconds = {{"forward", 0.25}, {"export", 0.5}};
  EXPECT_EQ(traced_line(prompt, report),
            "000012  \" grand\" 0.9977, 28 nodes, 1,500 edges, 0.75 s\n");
  EXPECT_EQ(failed_line(prompt, "[trace] why"), "000012  failed: [trace] why\n");
}

TEST(TraceListReport, SumsUp) {
  TraceListReport report;
  report.traced = 30;
  report.load_seconds = 1.5;
  report.trace_seconds = 20;
  report.peak_memory_bytes = std::int64_t{3} << 30;
  EXPECT_EQ(trace_list_text(report),
            "prompts  30 traced\ntime     load 1.50 s, trace 20.00 s, 90 a minute\n"
            "memory   3 GiB at most\n");
  report = {.traced = 0, .already_there = 4, .failed = 1, .rank = 1, .world = 3};
  EXPECT_EQ(trace_list_text(report),
            "process  rank 1 of 3\nprompts  0 traced, 4 already there, 1 failed\n"
            "memory   unknown\n");
}

TEST(TraceListReport, SaysHowLongTheRestTakes) {
  EXPECT_EQ(list_progress_text(0, 40, 0, 0.0), "prompts  0 of 40 (0 %)");
  EXPECT_EQ(list_progress_text(12, 40, 12, 5.0), "prompts  12 of 40 (30 %)");
  EXPECT_EQ(list_progress_text(20, 40, 10, 10.0),
            "prompts  20 of 40 (50 %), 60 a minute, 20 s left");
  EXPECT_EQ(list_progress_text(11, 40, 10, 20.0),
            "prompts  11 of 40 (27 %), 3.0 a minute, 10 min left");
  EXPECT_EQ(list_progress_text(1, 1000, 0, 36.0),
            "prompts  1 of 1,000 (0 %), 1.7 a minute, 10 h left");
}

}  // namespace
}  // namespace circuit::cli
