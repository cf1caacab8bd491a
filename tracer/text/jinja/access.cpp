#include "tracer/text/jinja/access.h"

#include <algorithm>
#include <memory>
#include <string>

#include "tracer/text/jinja/characters.h"
#include "tracer/text/jinja/methods.h"

namespace circuit::jinja {
namespace {

void require_defined(const Run& run, const Value& value) {
  if (const Undefined* const missing = value.undefined()) run.fail(missing->what + " is undefined");
}

Value missing(const Value& value, std::string_view name) {
  return Undefined{std::string(value.kind()) + "'s " + quoted(name)};
}

Value loop_attribute(Run& run, const Loop& loop, std::string_view name) {
  const auto& items = loop.items->items;
  const auto index = static_cast<std::int64_t>(loop.index);
  const auto length = static_cast<std::int64_t>(items.size());
  if (name == "index") return index + 1;
  if (name == "index0") return index;
  if (name == "revindex") return length - index;
  if (name == "revindex0") return length - index - 1;
  if (name == "first") return index == 0;
  if (name == "last") return index + 1 == length;
  if (name == "length") return length;
  // Of recursive loops, which there are none of.
  if (name == "depth") return std::int64_t{1};
  if (name == "depth0") return std::int64_t{0};
  if (name == "previtem") return index > 0 ? items[loop.index - 1] : Undefined{"loop.previtem"};
  if (name == "nextitem") {
    return index + 1 < length ? items[loop.index + 1] : Undefined{"loop.nextitem"};
  }
  if (name == "changed") run.fail("loop.changed is not supported");
  return Undefined{"loop." + std::string(name)};
}

/// Null when there is no such item.
const Value* find_item(const Value& value, std::string_view key) {
  if (const Dict* const dict = value.dict()) return dict->find(key);
  if (const Namespace* const space = value.space()) return space->members.find(key);
  return nullptr;
}

Value bound_method(const Value& value, std::string_view name) {
  return Callable{.name = std::string(name),
                  .receiver = std::make_shared<const Value>(value),
                  .macro = nullptr};
}

/// The item of a sequence of `length`, or nothing; negative ones count from the end.
std::optional<std::size_t> resolve(std::int64_t index, std::int64_t length) {
  if (index < 0) index += length;
  if (index < 0 || index >= length) return std::nullopt;
  return static_cast<std::size_t>(index);
}

struct Steps {
  std::int64_t begin = 0;
  std::int64_t end = 0;  ///< is not reached
  std::int64_t step = 1;
};

std::optional<std::int64_t> slice_bound(const Run& run, const Value& value) {
  if (value.is_none()) return std::nullopt;
  require_defined(run, value);
  if (value.integer() == nullptr) {
    run.fail("a slice bound is " + std::string(value.kind()) + ", expected a whole number");
  }
  return *value.integer();
}

/// As Python's slice.indices.
Steps steps_of(const Run& run, const Value& begin, const Value& end, const Value& step,
               std::int64_t length) {
  Steps steps{.step = slice_bound(run, step).value_or(1)};
  if (steps.step == 0) run.fail("a slice step is 0");
  const bool is_forward = steps.step > 0;
  const std::int64_t lowest = is_forward ? 0 : -1;
  const std::int64_t highest = is_forward ? length : length - 1;
  const auto clamp = [&](std::int64_t bound) {
    return std::clamp(bound < 0 ? bound + length : bound, lowest, highest);
  };
  const auto first = slice_bound(run, begin);
  const auto last = slice_bound(run, end);
  steps.begin = first ? clamp(*first) : (is_forward ? lowest : highest);
  steps.end = last ? clamp(*last) : (is_forward ? highest : lowest);
  steps.step = std::clamp(steps.step, -length - 1, length + 1);  // one more step ends it as well
  return steps;
}

template <typename Take>
void walk(const Steps& steps, const Take& take) {
  for (std::int64_t i = steps.begin; steps.step > 0 ? i < steps.end : i > steps.end;
       i += steps.step) {
    take(static_cast<std::size_t>(i));
  }
}

Value slice_text(Run& run, const MarkedText& text, const Value& begin, const Value& end,
                 const Value& step) {
  run.spend(text.size());
  const std::vector<std::size_t> starts = character_starts(text.bytes());
  const auto length = static_cast<std::int64_t>(starts.size()) - 1;
  const Steps steps = steps_of(run, begin, end, step, length);
  if (steps.step == 1) {
    const auto first = static_cast<std::size_t>(steps.begin);
    const auto last = static_cast<std::size_t>(std::max(steps.begin, steps.end));
    return text.part(starts[first], starts[last]);
  }
  MarkedText result;
  walk(steps, [&](std::size_t i) {
    run.spend(text.marks().size());
    result.append(text.part(starts[i], starts[i + 1]));
  });
  return result;
}

}  // namespace

Value get_attribute(Run& run, const Value& value, std::string_view name) {
  require_defined(run, value);
  if (const Loop* const loop = value.loop(); loop != nullptr && name != "cycle") {
    return loop_attribute(run, *loop, name);
  }
  if (has_method(value, name)) return bound_method(value, name);
  if (const Value* const item = find_item(value, name)) return *item;
  return missing(value, name);
}

Value get_item(Run& run, const Value& value, const Value& key) {
  require_defined(run, value);
  if (const MarkedText* const name = key.text()) {
    if (const Value* const item = find_item(value, name->bytes())) return *item;
    return get_attribute(run, value, name->bytes());
  }
  if (key.integer() != nullptr && value.list() != nullptr) {
    const auto& items = value.list()->items;
    const auto place = resolve(*key.integer(), static_cast<std::int64_t>(items.size()));
    return place ? items[*place]
                 : Undefined{"item " + std::to_string(*key.integer()) + " of a list"};
  }
  if (key.integer() != nullptr && value.text() != nullptr) {
    run.spend(value.text()->size());
    const std::vector<std::size_t> starts = character_starts(value.text()->bytes());
    const auto place = resolve(*key.integer(), static_cast<std::int64_t>(starts.size()) - 1);
    if (place) return value.text()->part(starts[*place], starts[*place + 1]);
  }
  return Undefined{"an item of " + std::string(value.kind())};
}

Value get_slice(Run& run, const Value& value, const Value& begin, const Value& end,
                const Value& step) {
  require_defined(run, value);
  if (value.text() != nullptr) return slice_text(run, *value.text(), begin, end, step);
  if (value.list() == nullptr) {
    run.fail("a slice of " + std::string(value.kind()) + " is not possible");
  }
  const auto& items = value.list()->items;
  std::vector<Value> result;
  walk(steps_of(run, begin, end, step, static_cast<std::int64_t>(items.size())),
       [&](std::size_t i) { result.push_back(items[i]); });
  return run.list(std::move(result), value.list()->is_tuple);
}

std::vector<Value> items_of(Run& run, const Value& value) {
  if (value.is_undefined()) return {};
  std::vector<Value> items;
  if (const List* const list = value.list()) {
    items = list->items;
  } else if (const Dict* const dict = value.dict()) {
    for (const auto& [key, member] : dict->items()) items.emplace_back(key);
  } else if (const MarkedText* const text = value.text()) {
    const std::vector<std::size_t> starts = character_starts(text->bytes());
    run.spend(starts.size() * (sizeof(Value) + sizeof(MarkedText) + text->marks().size()));
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
      items.emplace_back(text->part(starts[i], starts[i + 1]));
    }
  } else {
    run.fail("cannot walk through " + std::string(value.kind()) + ", expected a list");
  }
  run.spend(items.size() * sizeof(Value));
  return items;
}

std::optional<std::int64_t> length_of(Run& run, const Value& value) {
  if (value.is_undefined()) return 0;
  if (const List* const list = value.list()) return static_cast<std::int64_t>(list->items.size());
  if (const Dict* const dict = value.dict()) return static_cast<std::int64_t>(dict->items().size());
  if (const MarkedText* const text = value.text()) {
    run.spend(text->size() / 4);
    return static_cast<std::int64_t>(character_starts(text->bytes()).size()) - 1;
  }
  return std::nullopt;
}

}  // namespace circuit::jinja
