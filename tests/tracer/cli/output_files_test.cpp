#include "tracer/cli/output_files.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit::cli {
namespace {

using circuit::testing::message_of;
using circuit::testing::TempDir;
using circuit::testing::write_text;
using ::testing::HasSubstr;

TEST(OutputFiles, AreNamedAfterTheGraph) {
  EXPECT_EQ(name_of_graph("a/small.graph.safetensors", ""), "small");
  EXPECT_EQ(name_of_graph("small.safetensors", "-pruned"), "small-pruned");
  EXPECT_EQ(name_of_graph("my graph", ""), "my-graph");
  EXPECT_EQ(name_of_graph(std::string(80, 'a'), "-pruned").size(), 60);
}

TEST(OutputFiles, HaveCheckedNamesAndFormats) {
  const OutputFiles good;
  check_output_files(good);
  OutputFiles none = good;
  none.formats.clear();
  check_output_files(none, FormatsMay::kBeMissing);
  EXPECT_THAT(message_of<std::invalid_argument>([&] { check_output_files(none); }),
              HasSubstr("a format is empty"));
}

TEST(OutputFiles, NeedAWritableFolder) {
  const TempDir folder;
  require_writable(".");
  require_writable(folder / "not/there/yet");
  EXPECT_FALSE(std::filesystem::exists(folder / "not"));
  write_text(folder / "file", "");
  EXPECT_EQ(message_of<std::runtime_error>([&] { require_writable(folder / "file/x"); }),
            "[write_outputs] " + (folder / "file/x").string() + ": " + (folder / "file").string() +
                " is not a folder, expected a folder to write to");
}

}  // namespace
}  // namespace circuit::cli
