#include "tracer/machine/process_memory.h"

#include <cstring>

#include <gtest/gtest.h>

#include "tracer/machine/paged_memory.h"

namespace circuit::testing {
namespace {

TEST(ProcessMemory, GrowsWithWhatIsHeldAndRemembersThePeak) {
  constexpr std::int64_t kBytes = std::int64_t{96} << 20;
  const std::int64_t before = resident_memory_bytes();
  ASSERT_GT(before, 0);
  {
    // Not from the allocator, which may keep what it gets back.
    PagedMemory held(static_cast<std::size_t>(kBytes), PagedMemoryKind::kResident);
    std::memset(held.data(), 'x', held.size());
    EXPECT_GT(resident_memory_bytes(), before + kBytes / 2);
  }
  EXPECT_LT(resident_memory_bytes(), before + kBytes / 2);
  EXPECT_GT(peak_memory_bytes(), before + kBytes / 2);
}

}  // namespace
}  // namespace circuit::testing
