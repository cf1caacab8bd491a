#include "tracer/attention/largest_terms.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace circuit::testing {
namespace {

TEST(LargestTerms, AreThoseOfASortedList) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<float> values(random() % 200);
    for (float& value : values) value = static_cast<float>(static_cast<int>(random() % 41) - 20);
    const std::size_t top = random() % 12;
    LargestTerms largest(top);
    const std::size_t half = values.size() / 2;
    largest.add(values.data(), half, 0);
    largest.add(values.data() + half, values.size() - half, half);

    std::vector<std::size_t> order(values.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      return std::abs(values[a]) > std::abs(values[b]);
    });
    std::vector<std::size_t> expected;
    std::size_t counts[2] = {0, 0};
    for (const std::size_t i : order) {
      if (values[i] != 0 && counts[values[i] < 0]++ < top) expected.push_back(i);
    }
    const auto found = largest.sorted();
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].place, expected[i]);
      EXPECT_EQ(found[i].value, values[expected[i]]);
    }
  }
}

}  // namespace
}  // namespace circuit::testing
