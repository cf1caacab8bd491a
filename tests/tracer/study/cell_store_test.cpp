#include "tracer/study/cell_store.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"

namespace circuit {
namespace {

using ::circuit::testing::message_of;
using ::circuit::testing::read_text;
using ::circuit::testing::TempDir;
using ::circuit::testing::write_text;
using ::testing::HasSubstr;

Cell cell_of(const std::string& key, double value) {
  return {
      .key = key,
      .name = {.prompt = "p\"1", .pair = "", .intervention = "swap", .strength = 2.5, .seed = 3},
      .values = {{"", {{"top1", value}}}},
      .left_out = ""};
}

TEST(CellStore, KeepsWhatWasAdded) {
  const TempDir folder;
  {
    CellStore store(folder / "out");
    store.add({cell_of("a", 0.1), cell_of("b", std::numeric_limits<double>::quiet_NaN())});
    store.add({cell_of("a", 9)});  // is there already
  }
  CellStore store(folder / "out");
  EXPECT_EQ(store.find("a")->values.at("").at("top1"), 0.1);
  EXPECT_EQ(store.find("a")->name.prompt, "p\"1");
  EXPECT_TRUE(std::isnan(store.find("b")->values.at("").at("top1")));
  EXPECT_EQ(store.find("c"), nullptr);
}

TEST(CellStore, DropsALineThatWasTorn) {
  const TempDir folder;
  const std::string whole = cell_line(cell_of("a", 1)), other = cell_line(cell_of("b", 1));
  for (std::size_t cut = 0; cut < other.size(); ++cut) {
    write_text(folder / "cells.jsonl", whole + other.substr(0, cut));
    {
      CellStore store(folder.path());
      EXPECT_TRUE(store.has("a"));
      EXPECT_FALSE(store.has("b"));
      store.add({cell_of("b", 2)});
    }
    EXPECT_EQ(read_text(folder / "cells.jsonl"), whole + cell_line(cell_of("b", 2)));
  }
}

TEST(CellStore, IsOneRunsAtATime) {
  const TempDir folder;
  const CellStore first(folder.path());
  EXPECT_THAT(message_of<std::runtime_error>([&] { CellStore(folder.path()); }),
              HasSubstr("another run writes this folder"));
}

TEST(CellStore, RefusesLinesThatAreNoCells) {
  const TempDir folder;
  write_text(folder / "cells.jsonl", cell_line(cell_of("a", 1)) + "{\"key\": 3}\n");
  EXPECT_THAT(message_of<std::runtime_error>([&] { CellStore(folder.path()); }),
              HasSubstr("cells.jsonl: line 2 is no cell"));
}

TEST(CellStore, RefusesAFolderThatCannotBe) {
  const TempDir folder;
  write_text(folder / "file", "");
  EXPECT_THAT(message_of<std::runtime_error>([&] { CellStore(folder / "file"); }),
              HasSubstr("cannot be made a folder"));
}

}  // namespace
}  // namespace circuit
