#include "transcoders/weights/atomic_directory.h"

#include <filesystem>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::message_of;
using testing::read_text;
using testing::TempDir;
using testing::write_text;

TEST(AtomicDirectory, AppearsWithAllThatIsInIt) {
  const TempDir directory;
  const std::filesystem::path path = directory / "a/b/";
  AtomicDirectory made(path, "test");
  EXPECT_FALSE(std::filesystem::exists(path));
  write_text(made.partial() / "x", "text");
  made.commit();
  EXPECT_EQ(read_text(directory / "a/b/x"), "text");
  EXPECT_FALSE(std::filesystem::exists(made.partial()));
}

TEST(AtomicDirectory, VanishesWithoutCommit) {
  const TempDir directory;
  {
    const AtomicDirectory made(directory / "b", "test");
    write_text(made.partial() / "x", "text");
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(AtomicDirectory, TakesThePlaceOfAnEmptyOneOnly) {
  const TempDir directory;
  std::filesystem::create_directory(directory / "b");
  AtomicDirectory made(directory / "b", "test");
  made.commit();
  write_text(directory / "b/x", "");
  const std::string refusal = "[test] " + (directory / "b").string() +
                              ": is there already, expected a new or empty directory";
  EXPECT_EQ(message_of<std::runtime_error>([&] { AtomicDirectory(directory / "b", "test"); }),
            refusal);
  AtomicDirectory late(directory / "c", "test");
  write_text(directory / "c", "");
  EXPECT_NE(message_of<std::runtime_error>([&] { late.commit(); }).find("is there already"),
            std::string::npos);
}

TEST(AtomicDirectory, SaysWhatCannotBeMade) {
  const TempDir directory;
  write_text(directory / "file", "");
  EXPECT_TRUE(message_of<std::runtime_error>([&] {
                AtomicDirectory(directory / "file/b", "test");
              }).starts_with("[test] " + (directory / "file").string()));
}

}  // namespace
}  // namespace circuit
