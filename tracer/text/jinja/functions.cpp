#include "tracer/text/jinja/functions.h"

#include <algorithm>
#include <array>
#include <string>

#include "tracer/text/jinja/access.h"
#include "tracer/text/jinja/characters.h"
#include "tracer/text/jinja/date_text.h"
#include "tracer/text/jinja/value_text.h"

namespace circuit::jinja {
namespace {

// What Jinja's sandbox allows.
constexpr std::int64_t kMaxRange = 100000;

/// The members that `dict` and `namespace` are called with.
Dict members_of(Run& run, std::string_view function, const Arguments& arguments) {
  if (arguments.positional.size() > 1) {
    run.fail(std::string(function) + " has " + std::to_string(arguments.positional.size()) +
             " arguments without a name, expected at most one");
  }
  Dict dict;
  for (const Value& value : arguments.positional) {
    if (value.dict() == nullptr) {
      run.fail(std::string(function) + " of " + std::string(value.kind()) + ", expected a mapping");
    }
    run.spend(value.dict()->items().size() * sizeof(Value));
    for (const auto& [key, member] : value.dict()->items()) dict.set(key, member);
  }
  for (const auto& [key, member] : arguments.named) dict.set(key, member);
  return dict;
}

Value range(Run& run, const Arguments& arguments) {
  const Parameters given(run, "range", arguments, {"start", "stop", "step"});
  given.require(0);
  const bool has_stop = given.find(1) != nullptr;
  const std::int64_t begin = has_stop ? given.integer_or(0, 0) : 0;
  const std::int64_t end = given.integer_or(has_stop ? 1 : 0, 0);
  const std::int64_t step = given.integer_or(2, 1);
  if (step == 0) run.fail("range: step is 0");
  // In floating point, where the bounds cannot overflow.
  const double count =
      (static_cast<double>(end) - static_cast<double>(begin)) / static_cast<double>(step);
  if (count > static_cast<double>(kMaxRange)) {
    run.fail("range of more than " + std::to_string(kMaxRange) + " numbers");
  }
  std::vector<Value> items;
  for (std::int64_t i = begin; step > 0 ? i < end : i > end;) {
    items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return run.list(std::move(items));
}

}  // namespace

bool is_function(const Run& run, std::string_view name) {
  static constexpr std::array<std::string_view, 4> kNames = {"range", "namespace", "dict",
                                                             "raise_exception"};
  if (name == "strftime_now") return run.date().has_value();
  return std::ranges::find(kNames, name) != kNames.end();
}

Value call_function(Run& run, std::string_view name, const Arguments& arguments) {
  if (name == "range") return range(run, arguments);
  if (name == "dict") return run.dict(members_of(run, name, arguments));
  if (name == "namespace") {
    Namespace* const space = run.make_namespace();
    space->members = members_of(run, name, arguments);
    return space;
  }
  if (name == "strftime_now") {
    const Parameters given(run, name, arguments, {"format"});
    return date_text(run, given.require_text(0).bytes());
  }
  const Parameters given(run, name, arguments, {"message"});
  run.fail("the template refuses: " + to_text(run, given.require(0)).bytes());
}

}  // namespace circuit::jinja
