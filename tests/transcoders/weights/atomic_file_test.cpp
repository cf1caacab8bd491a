#include "transcoders/weights/atomic_file.h"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/file_size_limit.h"
#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using testing::FileSizeLimit;
using testing::message_of;
using testing::read_text;
using testing::TempDir;
using testing::write_text;

std::size_t files_in(const std::filesystem::path& directory) {
  const std::filesystem::directory_iterator begin(directory);
  return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator()));
}

TEST(AtomicFile, AppearsUnderItsNameOnlyOnCommit) {
  const TempDir directory;
  const auto path = directory / "graph.json";
  AtomicFile file(path);
  file.write("one ");
  file.write("two");
  EXPECT_FALSE(std::filesystem::exists(path));
  file.commit();
  EXPECT_EQ(read_text(path), "one two");
  EXPECT_EQ(files_in(directory.path()), 1U);
}

TEST(AtomicFile, KeepsTheOldFileAndLeavesNothingBehindWithoutCommit) {
  const TempDir directory;
  const auto path = directory / "graph.json";
  write_text(path, "old");
  {
    AtomicFile file(path);
    file.write("new");
  }
  EXPECT_EQ(read_text(path), "old");
  EXPECT_EQ(files_in(directory.path()), 1U);
}

TEST(AtomicFile, ReplacesAnOlderFile) {
  const TempDir directory;
  const auto path = directory / "graph.json";
  write_text(path, "a much longer older text");
  write_file_atomically(path, "new");
  EXPECT_EQ(read_text(path), "new");
}

TEST(AtomicFile, HasTheModeOfAnOrdinaryFile) {
  const TempDir directory;
  const ::mode_t mask = ::umask(022);
  write_file_atomically(directory / "a", "text");
  ::umask(mask);
  const auto mode = std::filesystem::status(directory / "a").permissions();
  EXPECT_EQ(static_cast<unsigned>(mode), 0644U);
}

TEST(AtomicFile, SaysWhyItCannotBeCreatedUnderARegularFile) {
  const TempDir directory;
  write_text(directory / "plain", "");
  const auto path = directory.path() / "plain" / "graph.json";
  EXPECT_EQ(message_of<std::runtime_error>([&] { write_file_atomically(path, "text"); }),
            "[write] " + path.string() + ": cannot be created (Not a directory)");
}

TEST(AtomicFile, SaysWhyItCannotReplaceADirectory) {
  const TempDir directory;
  const auto path = directory / "folder";
  std::filesystem::create_directory(path);
  EXPECT_EQ(message_of<std::runtime_error>([&] { write_file_atomically(path, "text"); }),
            "[write] " + path.string() + ": cannot be renamed into place (Is a directory)");
  EXPECT_EQ(files_in(directory.path()), 1U);
}

TEST(AtomicFile, LeavesNoPartialFileOnAFullDisk) {
  const TempDir directory;
  const auto path = directory / "graph.json";
  write_text(path, "old");
  std::string message;
  {
    const FileSizeLimit limit(1000);
    const std::string text(5000, 'x');  // the first write is short, the second fails
    message = message_of<std::runtime_error>([&] { write_file_atomically(path, text); });
  }
  EXPECT_EQ(message, "[write] " + path.string() + ": cannot be written (File too large)");
  EXPECT_EQ(read_text(path), "old");
  EXPECT_EQ(files_in(directory.path()), 1U);
}

TEST(AtomicFile, WritersOfOnePathDoNotMix) {
  const TempDir directory;
  const auto path = directory / "shared";
  std::vector<std::thread> writers;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    writers.emplace_back([&path, letter] {
      for (int i = 0; i < 20; ++i) write_file_atomically(path, std::string(10000, letter));
    });
  }
  for (std::thread& writer : writers) writer.join();
  const std::string text = read_text(path);
  EXPECT_EQ(text, std::string(10000, text.at(0)));
  EXPECT_EQ(files_in(directory.path()), 1U);
}

}  // namespace
}  // namespace circuit
