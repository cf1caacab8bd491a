#include "tracer/machine/process_memory.h"

#include <vector>

#include <gtest/gtest.h>

namespace circuit::testing {
namespace {

TEST(ProcessMemory, GrowsWithWhatIsHeldAndRemembersThePeak) {
  constexpr std::int64_t kBytes = std::int64_t{96} << 20;
  const std::int64_t before = resident_memory_bytes();
  ASSERT_GT(before, 0);
  {
    const std::vector<char> held(static_cast<std::size_t>(kBytes), 'x');
    EXPECT_GT(resident_memory_bytes(), before + kBytes / 2) << held.back();
  }
  EXPECT_LT(resident_memory_bytes(), before + kBytes / 2);
  EXPECT_GT(peak_memory_bytes(), before + kBytes / 2);
}

}  // namespace
}  // namespace circuit::testing
