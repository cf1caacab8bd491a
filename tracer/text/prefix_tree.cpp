#include "tracer/text/prefix_tree.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace circuit {

void PrefixTree::add(std::string_view text, std::int32_t value) {
  std::uint32_t node = kRoot;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const std::uint32_t next = child(node, byte);
    node = next != kNoNode ? next : add_child(node, byte);
  }
  if (values_[node] < 0) values_[node] = value;
}

PrefixTree::Match PrefixTree::longest_match(std::string_view text) const {
  Match match;
  std::uint32_t node = kRoot;
  for (std::size_t i = 0; i < text.size(); ++i) {
    node = child(node, static_cast<unsigned char>(text[i]));
    if (node == kNoNode) break;
    if (value(node) >= 0) match = {i + 1, value(node)};
  }
  return match;
}

std::uint32_t PrefixTree::add_child(std::uint32_t node, unsigned char byte) {
  if (values_.size() == kMaxNodes) {
    throw std::invalid_argument("[build_prefix_tree] the texts have more than " +
                                std::to_string(kMaxNodes) + " different beginnings");
  }
  const auto child = static_cast<std::uint32_t>(values_.size());
  values_.push_back(-1);
  if (node == kRoot) {
    first_[byte] = child;
    return child;
  }
  if (2 * (n_slots_used_ + 1) > slots_.size()) grow();
  insert({(node << 8U) | byte, child});
  ++n_slots_used_;
  return child;
}

void PrefixTree::insert(const Slot& slot) {
  std::size_t place = hash(slot.key) & (slots_.size() - 1);
  while (slots_[place].child != kNoNode) place = (place + 1) & (slots_.size() - 1);
  slots_[place] = slot;
}

void PrefixTree::grow() {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(2 * slots_.size()));
  for (const Slot& slot : old) {
    if (slot.child != kNoNode) insert(slot);
  }
}

}  // namespace circuit
