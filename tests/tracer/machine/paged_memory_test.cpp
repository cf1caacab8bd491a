#include "tracer/machine/paged_memory.h"

#include <cstdlib>
#include <numeric>
#include <span>
#include <stdexcept>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/throws.h"
#include "tracer/machine/process_memory.h"

namespace circuit::testing {
namespace {

constexpr std::size_t kBytes = std::size_t{64} << 20;

std::span<std::int32_t> numbers(PagedMemory& memory) {
  return {reinterpret_cast<std::int32_t*>(memory.data()), memory.size() / sizeof(std::int32_t)};
}

TEST(PagedMemory, StartsZeroedAndKeepsWhatIsWrittenOverARelease) {
  for (const PagedMemoryKind kind : {PagedMemoryKind::kResident, PagedMemoryKind::kSpilled}) {
    PagedMemory memory(kBytes, kind);
    for (const std::int32_t number : numbers(memory)) ASSERT_EQ(number, 0);
    std::iota(numbers(memory).begin(), numbers(memory).end(), 1);
    memory.release(100, kBytes - 200);
    std::int32_t expected = 1;
    for (const std::int32_t number : numbers(memory)) ASSERT_EQ(number, expected++);
  }
}

TEST(PagedMemory, TakesNoMemoryOfTheProcessOnceSpilledMemoryIsReleased) {
  PagedMemory memory(kBytes, PagedMemoryKind::kSpilled);
  const std::int64_t before = resident_memory_bytes();
  std::iota(numbers(memory).begin(), numbers(memory).end(), 1);
  const std::int64_t held = resident_memory_bytes();
  memory.release(0, kBytes);
  EXPECT_GT(held - before, static_cast<std::int64_t>(kBytes / 2));
  EXPECT_LT(resident_memory_bytes() - before, static_cast<std::int64_t>(kBytes / 2));
}

TEST(PagedMemory, MovesAndMayBeEmpty) {
  PagedMemory first(8192, PagedMemoryKind::kResident);
  numbers(first)[5] = 42;
  PagedMemory second = std::move(first);
  EXPECT_EQ(numbers(second)[5], 42);
  EXPECT_EQ(PagedMemory(0, PagedMemoryKind::kSpilled).size(), 0u);
}

TEST(PagedMemory, SaysWhereNoFileCanBeMade) {
  const TempDir folder;
  const std::string missing = (folder.path() / "missing").string();
  ::setenv("TMPDIR", folder.path().c_str(), 1);
  EXPECT_NO_THROW(PagedMemory(10, PagedMemoryKind::kSpilled));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));  // the file has no name
  ::setenv("TMPDIR", missing.c_str(), 1);
  const std::string said =
      message_of<std::runtime_error>([] { PagedMemory(10, PagedMemoryKind::kSpilled); });
  ::unsetenv("TMPDIR");
  EXPECT_TRUE(said.starts_with("[memory] " + missing)) << said;
}

}  // namespace
}  // namespace circuit::testing
