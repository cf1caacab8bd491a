#include "tracer/cli/engine/done_mark.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace circuit::cli {
namespace {

using circuit::testing::read_text;
using circuit::testing::TempDir;
using circuit::testing::write_text;

TEST(DoneMark, HoldsForItsSettingsAndAllFiles) {
  const TempDir folder;
  const OutputFiles output{.folder = folder.path(), .name = "a", .formats = "json,svg"};
  write_text(folder / "a.json", "{}");
  write_text(folder / "a.svg", "");
  EXPECT_FALSE(is_done(output, /*save_graph=*/false, "12"));
  write_done_mark(output, "12");
  EXPECT_EQ(read_text(folder / "a.done"), "12\n");
  EXPECT_TRUE(is_done(output, /*save_graph=*/false, "12"));
  EXPECT_FALSE(is_done(output, /*save_graph=*/false, "123"));
  EXPECT_FALSE(is_done(output, /*save_graph=*/true, "12"));
  write_text(folder / "a.graph.safetensors", "");
  EXPECT_TRUE(is_done(output, /*save_graph=*/true, "12"));
  std::filesystem::remove(folder / "a.svg");
  EXPECT_FALSE(is_done(output, /*save_graph=*/false, "12"));
}

TEST(DoneMark, IsGoneWhenItIsRemoved) {
  const TempDir folder;
  const OutputFiles output{.folder = folder.path(), .name = "a", .formats = "json"};
  write_text(folder / "a.json", "{}");
  remove_done_mark(output);
  write_done_mark(output, "12");
  remove_done_mark(output);
  EXPECT_FALSE(is_done(output, /*save_graph=*/false, "12"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.done"));
}

}  // namespace
}  // namespace circuit::cli
