#include "tracer/cli/engine/partial_files.h"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace circuit::cli {
namespace {

using circuit::testing::TempDir;
using circuit::testing::write_text;
using ::testing::ElementsAre;

std::set<std::string> names_in(const TempDir& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

TEST(PartialFiles, OfAPromptAreRemovedAndNoOthers) {
  const TempDir folder;
  for (const std::string name :
       {"a.json", "a.json.partial.12", "a.done.partial.12.1", "a.graph.safetensors.partial.3",
        "a.b.json.partial.12", "ab.json.partial.12", "errors.jsonl.partial.4"}) {
    write_text(folder / name, "");
  }
  PartialFiles(folder.path()).remove_all_of({.folder = folder.path(), .name = "a"});
  EXPECT_THAT(names_in(folder), ElementsAre("a.b.json.partial.12", "a.json", "ab.json.partial.12",
                                            "errors.jsonl.partial.4"));
}

TEST(PartialFiles, OfOneFileAreRemoved) {
  const TempDir folder;
  for (const std::string name :
       {"a.json", "a.json.partial.1", "a.json.partial.2", "a.js.partial.1"}) {
    write_text(folder / name, "");
  }
  PartialFiles(folder.path()).remove(folder / "a.json");
  EXPECT_THAT(names_in(folder), ElementsAre("a.js.partial.1", "a.json"));
}

}  // namespace
}  // namespace circuit::cli
