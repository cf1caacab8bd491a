#include <algorithm>
#include <string>

#include "tracer/text/jinja/access.h"
#include "tracer/text/jinja/characters.h"
#include "tracer/text/jinja/filters.h"
#include "tracer/text/jinja/operators.h"
#include "tracer/text/jinja/tests.h"
#include "tracer/text/jinja/value_text.h"

namespace circuit::jinja {
namespace {

Value join(Run& run, const Value& value, const Arguments& arguments) {
  const Parameters given(run, "join", arguments, {"d", "attribute"});
  const MarkedText separator =
      given.find(0) == nullptr ? MarkedText() : to_text(run, *given.find(0));
  MarkedText result;
  bool is_first = true;
  for (const Value& item : items_of(run, value)) {
    if (!is_first) result.append(separator);
    is_first = false;
    run.spend(separator.size());
    const Value part = given.find(1) == nullptr ? item : get_path(run, item, *given.find(1));
    result.append(to_text(run, part));
  }
  return result;
}

/// The arguments behind the first `count` ones.
Arguments behind(const Arguments& arguments, std::size_t count) {
  return {.positional = {arguments.positional.begin() + static_cast<std::ptrdiff_t>(count),
                         arguments.positional.end()},
          .named = arguments.named};
}

std::string name_at(const Run& run, std::string_view filter, const Arguments& arguments,
                    std::size_t index) {
  if (index >= arguments.positional.size()) {
    run.fail(std::string(filter) + " has too few arguments");
  }
  const Value& value = arguments.positional[index];
  if (value.text() == nullptr) {
    run.fail(std::string(filter) + " of " + std::string(value.kind()) + ", expected a name");
  }
  return value.text()->bytes();
}

/// select, reject, selectattr, rejectattr
Value choose(Run& run, std::string_view filter, const Value& value, const Arguments& arguments) {
  const bool has_attribute = filter.ends_with("attr");
  const bool is_kept = filter.starts_with("select");
  const std::size_t place = has_attribute ? 1 : 0;
  const Value path = has_attribute ? Value(name_at(run, filter, arguments, 0)) : Value();
  const bool has_test = arguments.positional.size() > place;
  const std::string test = has_test ? name_at(run, filter, arguments, place) : "";
  const Arguments rest = has_test ? behind(arguments, place + 1) : Arguments();
  std::vector<Value> chosen;
  for (const Value& item : items_of(run, value)) {
    const Value tested = has_attribute ? get_path(run, item, path) : item;
    const bool holds = has_test ? apply_test(run, test, tested, rest) : tested.is_true();
    if (holds == is_kept) chosen.push_back(item);
  }
  return run.list(std::move(chosen));
}

Value map(Run& run, const Value& value, const Arguments& arguments) {
  std::vector<Value> result;
  if (!arguments.positional.empty()) {
    const std::string filter = name_at(run, "map", arguments, 0);
    const Arguments rest = behind(arguments, 1);
    for (const Value& item : items_of(run, value)) {
      result.push_back(apply_filter(run, filter, item, rest));
    }
    return run.list(std::move(result));
  }
  const Parameters given(run, "map", arguments, {"attribute", "default"});
  for (const Value& item : items_of(run, value)) {
    Value member = get_path(run, item, given.require(0));
    if (member.is_undefined() && given.find(1) != nullptr) member = *given.find(1);
    result.push_back(std::move(member));
  }
  return run.list(std::move(result));
}

/// Texts compare without regard to upper and lower case, as Jinja's filters do by default.
Value sort_key(Run& run, const Value& value, const Value* path, bool is_case_sensitive) {
  Value key = path == nullptr || path->is_none() ? value : get_path(run, value, *path);
  if (is_case_sensitive || key.text() == nullptr) return key;
  run.spend(key.text()->size());
  return to_lower(key.text()->bytes());
}

struct Keyed {
  Value key;
  Value value;
};

std::vector<Value> sorted(Run& run, std::vector<Keyed> items, bool is_reversed) {
  std::ranges::stable_sort(items, [&](const Keyed& a, const Keyed& b) {
    return is_reversed ? order(run, b.key, a.key) < 0 : order(run, a.key, b.key) < 0;
  });
  std::vector<Value> result;
  for (Keyed& item : items) result.push_back(std::move(item.value));
  return result;
}

Value sort(Run& run, const Value& value, const Arguments& arguments) {
  const Parameters given(run, "sort", arguments, {"reverse", "case_sensitive", "attribute"});
  std::vector<Keyed> items;
  for (Value& item : items_of(run, value)) {
    Value key = sort_key(run, item, given.find(2), given.truth_or(1, false));
    items.push_back({std::move(key), std::move(item)});
  }
  return run.list(sorted(run, std::move(items), given.truth_or(0, false)));
}

Value unique(Run& run, const Value& value, const Arguments& arguments) {
  const Parameters given(run, "unique", arguments, {"case_sensitive", "attribute"});
  std::vector<Value> keys;
  std::vector<Value> result;
  for (const Value& item : items_of(run, value)) {
    Value key = sort_key(run, item, given.find(1), given.truth_or(0, false));
    const bool is_known =
        std::ranges::any_of(keys, [&](const Value& known) { return is_equal(run, known, key); });
    if (is_known) continue;
    keys.push_back(std::move(key));
    result.push_back(item);
  }
  return run.list(std::move(result));
}

Value dict_items(Run& run, const Value& value, const Arguments& arguments, bool is_sorted) {
  if (value.is_undefined() && !is_sorted) return run.list({});
  if (value.dict() == nullptr) {
    run.fail(std::string(is_sorted ? "dictsort" : "items") + " of " + std::string(value.kind()) +
             ", expected a mapping");
  }
  const Parameters given(run, "dictsort", arguments, {"case_sensitive", "by", "reverse"});
  const bool by_value = given.text(1) != nullptr && given.text(1)->bytes() == "value";
  std::vector<Keyed> items;
  for (const auto& [key, member] : value.dict()->items()) {
    Value pair = run.list({Value(key), member}, /*is_tuple=*/true);
    Value order_key =
        sort_key(run, by_value ? member : Value(key), nullptr, given.truth_or(0, false));
    items.push_back({std::move(order_key), std::move(pair)});
  }
  if (is_sorted) return run.list(sorted(run, std::move(items), given.truth_or(2, false)));
  std::vector<Value> pairs;
  for (Keyed& item : items) pairs.push_back(std::move(item.value));
  return run.list(std::move(pairs));
}

Value end_item(Run& run, const Value& value, bool is_first) {
  std::vector<Value> items = items_of(run, value);
  if (items.empty()) return Undefined{"an item of an empty list"};
  return is_first ? items.front() : items.back();
}

Value reversed(Run& run, const Value& value) {
  std::vector<Value> items = items_of(run, value);
  std::ranges::reverse(items);
  if (value.text() == nullptr) return run.list(std::move(items));
  MarkedText text;
  for (const Value& item : items) text.append(*item.text());
  return text;
}

Value extreme(Run& run, const Value& value, bool is_largest) {
  std::vector<Value> items = items_of(run, value);
  if (items.empty()) return Undefined{"an item of an empty list"};
  std::size_t best = 0;
  for (std::size_t i = 1; i < items.size(); ++i) {
    const int found = order(run, sort_key(run, items[i], nullptr, false),
                            sort_key(run, items[best], nullptr, false));
    if (is_largest ? found > 0 : found < 0) best = i;
  }
  return items[best];
}

Value sum(Run& run, const Value& value, const Arguments& arguments) {
  const Parameters given(run, "sum", arguments, {"attribute", "start"});
  Value total = given.find(1) == nullptr ? Value(std::int64_t{0}) : *given.find(1);
  for (const Value& item : items_of(run, value)) {
    const bool has_path = given.find(0) != nullptr && !given.find(0)->is_none();
    const Value part = has_path ? get_path(run, item, *given.find(0)) : item;
    total = apply_binary(run, Operator::kAdd, total, part);
  }
  return total;
}

Value length(Run& run, const Value& value) {
  const auto count = length_of(run, value);
  if (!count) run.fail("length of " + std::string(value.kind()) + ", which has none");
  return *count;
}

}  // namespace

std::optional<Value> apply_list_filter(Run& run, std::string_view name, const Value& value,
                                       const Arguments& arguments) {
  if (name == "join") return join(run, value, arguments);
  if (name == "map") return map(run, value, arguments);
  if (name == "sort") return sort(run, value, arguments);
  if (name == "unique") return unique(run, value, arguments);
  if (name == "sum") return sum(run, value, arguments);
  if (name == "dictsort") return dict_items(run, value, arguments, /*is_sorted=*/true);
  const bool chooses =
      name == "select" || name == "reject" || name == "selectattr" || name == "rejectattr";
  if (chooses) return choose(run, name, value, arguments);
  const bool is_known = name == "length" || name == "count" || name == "list" || name == "items" ||
                        name == "first" || name == "last" || name == "reverse" || name == "min" ||
                        name == "max";
  if (!is_known) return std::nullopt;
  const Parameters none(run, name, arguments, {});
  if (name == "items") return dict_items(run, value, arguments, /*is_sorted=*/false);
  if (name == "list") return run.list(items_of(run, value));
  if (name == "first" || name == "last") return end_item(run, value, name == "first");
  if (name == "reverse") return reversed(run, value);
  if (name == "min" || name == "max") return extreme(run, value, name == "max");
  return length(run, value);
}

}  // namespace circuit::jinja
