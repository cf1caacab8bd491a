// What is inside of a value: attributes, items, slices.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tracer/text/jinja/run.h"
#include "tracer/text/jinja/value.h"

namespace circuit::jinja {

/// `value.name`, `value[key]`: undefined when there is no such thing.
Value get_attribute(Run& run, const Value& value, std::string_view name);
Value get_item(Run& run, const Value& value, const Value& key);
/// `value[begin:end:step]`; none = not given.
Value get_slice(Run& run, const Value& value, const Value& begin, const Value& end,
                const Value& step);

/// What a loop walks through: items, keys or characters; nothing of what is undefined.
std::vector<Value> items_of(Run& run, const Value& value);
/// Null unless it is countable.
std::optional<std::int64_t> length_of(Run& run, const Value& value);

}  // namespace circuit::jinja
