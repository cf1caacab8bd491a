#include "tracer/text/jinja/value.h"

#include <algorithm>

namespace circuit::jinja {

const Value* Dict::find(std::string_view key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &items_[found->second].second;
}

void Dict::set(std::string_view key, Value value) {
  depth_ = std::max(depth_, value.depth() + 1);
  const auto [place, is_new] = index_.emplace(key, items_.size());
  if (is_new) {
    items_.emplace_back(std::string(key), std::move(value));
  } else {
    items_[place->second].second = std::move(value);
  }
}

int Value::depth() const {
  if (const List* const items = list()) return items->depth;
  if (const Dict* const members = dict()) return members->depth();
  if (const Loop* const turn = loop()) return turn->items->depth + 1;
  if (const Callable* const called = callable()) {
    return called->receiver ? called->receiver->depth() + 1 : 0;
  }
  return 0;
}

bool Value::is_true() const {
  if (const bool* const truth = boolean()) return *truth;
  if (const std::int64_t* const whole = integer()) return *whole != 0;
  if (const double* const real = number()) return *real != 0.0;
  if (const MarkedText* const characters = text()) return !characters->empty();
  if (const List* const items = list()) return !items->items.empty();
  if (const Dict* const members = dict()) return !members->items().empty();
  return !is_undefined() && !is_none();
}

std::string_view Value::kind() const {
  constexpr std::string_view kKinds[] = {"undefined",   "none",   "a boolean", "a whole number",
                                         "a number",    "a text", "a list",    "a mapping",
                                         "a namespace", "a loop", "a function"};
  return kKinds[content_.index()];
}

bool Value::is_same_object(const Value& other) const {
  if (content_.index() != other.content_.index()) return false;
  return std::visit(
      [&other](const auto& held) {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, None>) {
          return true;
        } else if constexpr (std::is_same_v<Held, Undefined>) {
          return false;
        } else {
          return held == std::get<Held>(other.content_);
        }
      },
      content_);
}

List make_list(std::vector<Value> items, bool is_tuple) {
  int depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  return {.items = std::move(items), .is_tuple = is_tuple, .depth = depth + 1};
}

}  // namespace circuit::jinja
