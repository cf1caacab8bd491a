#include "tracer/cli/engine/error_list.h"

#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace circuit::cli {
namespace {

using circuit::testing::read_text;
using circuit::testing::TempDir;
using circuit::testing::write_text;

ListedPrompt prompt(std::size_t line, const std::string& name) {
  return {.line = line, .id = "id" + std::to_string(line), .name = name};
}

std::string line_of(int line, const std::string& name, const std::string& error) {
  const std::string number = std::to_string(line);
  return "{\"id\":\"id" + number + "\",\"name\":\"" + name + "\",\"line\":" + number +
         ",\"error\":\"" + error + "\"}\n";
}

const auto kNoneIsDone = [](const ListedPrompt&) { return false; };

TEST(ErrorList, HoldsTheLastErrorOfEachPrompt) {
  const TempDir folder;
  ErrorList errors(folder.path());
  EXPECT_FALSE(std::filesystem::exists(errors.path()));
  errors.add(prompt(1, "a"), "first");
  errors.add(prompt(2, "b"), "other");
  errors.add(prompt(1, "a"), "second");
  EXPECT_EQ(errors.path(), folder / "errors.jsonl");
  EXPECT_EQ(read_text(errors.path()), line_of(1, "a", "second") + line_of(2, "b", "other"));
}

TEST(ErrorList, SettlesToTheOrderOfTheListWithoutWhatIsDone) {
  const TempDir folder;
  const std::vector<ListedPrompt> prompts = {prompt(1, "z"), prompt(2, "done"), prompt(3, "a")};
  ErrorList errors(folder.path());
  for (const ListedPrompt& one : prompts) errors.add(one, "e");
  errors.add(prompt(9, "of-another-list"), "e");
  const auto is_done = [](const ListedPrompt& one) { return one.name == "done"; };
  EXPECT_EQ(errors.settle(prompts, is_done), 2);
  EXPECT_EQ(read_text(errors.path()), line_of(1, "z", "e") + line_of(3, "a", "e"));
}

TEST(ErrorList, ForgetsAPromptThatWasDoneAfterAll) {
  const TempDir folder;
  const std::vector<ListedPrompt> prompts = {prompt(1, "a"), prompt(2, "b")};
  ErrorList(folder.path()).add(prompts[0], "e");
  ErrorList(folder.path()).add(prompts[1], "e");
  ErrorList errors(folder.path());
  errors.settle(prompts, kNoneIsDone);
  errors.remove(prompts[0]);
  EXPECT_EQ(read_text(errors.path()), line_of(2, "b", "e"));
  errors.remove(prompts[1]);
  EXPECT_FALSE(std::filesystem::exists(errors.path()));
  errors.remove(prompts[1]);
}

TEST(ErrorList, LeavesOutLinesThatAreNoEntries) {
  const TempDir folder;
  write_text(folder / "errors.jsonl", "{\"name\":\"a\n[1]\n{\"name\":7}\n" + line_of(2, "b", "e"));
  ErrorList errors(folder.path());
  errors.add(prompt(1, "a"), "e");
  EXPECT_EQ(read_text(errors.path()), line_of(1, "a", "e") + line_of(2, "b", "e"));
}

TEST(ErrorList, RemovesWhatAKilledProcessLeftOfIt) {
  const TempDir folder;
  write_text(folder / "errors.jsonl.partial.7", "{");
  ErrorList errors(folder.path());
  EXPECT_EQ(errors.settle({}, kNoneIsDone), 0);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(ErrorList, LosesNothingOfSeveralWriters) {
  const TempDir folder;
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&, i] {
      ErrorList errors(folder.path());
      for (int k = 0; k < 5; ++k) errors.add(prompt(1, std::to_string(10 * i + k)), "e");
    });
  }
  for (std::thread& writer : writers) writer.join();
  const std::string text = read_text(folder / "errors.jsonl");
  EXPECT_EQ(std::ranges::count(text, '\n'), 20) << text;
}

}  // namespace
}  // namespace circuit::cli
