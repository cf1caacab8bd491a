#include "tracer/text/prefix_tree.h"

#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace circuit {
namespace {

std::int32_t find(const PrefixTree& tree, std::string_view text) {
  std::uint32_t node = PrefixTree::kRoot;
  for (const char byte : text) {
    node = tree.child(node, static_cast<unsigned char>(byte));
    if (node == PrefixTree::kNoNode) return -1;
  }
  return tree.value(node);
}

TEST(PrefixTree, FindsWhatWasAddedAndNothingElse) {
  std::mt19937 random(3);
  const auto make_text = [&random] {
    std::string text;
    for (std::size_t length = 1 + random() % 6; length > 0; --length)
      text += "ab\0\xFFz"[random() % 5];
    return text;
  };
  PrefixTree tree;
  std::map<std::string, std::int32_t> expected;
  for (std::int32_t i = 0; i < 2000; ++i) {
    const std::string text = make_text();
    tree.add(text, i);
    expected.try_emplace(text, i);
  }
  for (int i = 0; i < 5000; ++i) {
    const std::string text = make_text();
    const auto found = expected.find(text);
    EXPECT_EQ(find(tree, text), found == expected.end() ? -1 : found->second);
  }
}

TEST(PrefixTree, HoldsNothingAtFirst) {
  const PrefixTree tree;
  EXPECT_EQ(find(tree, ""), -1);
  EXPECT_EQ(find(tree, "a"), -1);
}

}  // namespace
}  // namespace circuit
