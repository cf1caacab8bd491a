#include "tracer/text/jinja/tests.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "tracer/text/jinja/access.h"
#include "tracer/text/jinja/characters.h"
#include "tracer/text/jinja/operators.h"

namespace circuit::jinja {
namespace {

std::optional<bool> test_kind(std::string_view name, const Value& value) {
  const bool is_number = value.integer() != nullptr || value.number() != nullptr;
  const bool is_listed =
      value.list() != nullptr || value.dict() != nullptr || value.text() != nullptr;
  if (name == "defined") return !value.is_undefined();
  if (name == "undefined") return value.is_undefined();
  if (name == "none") return value.is_none();
  if (name == "string") return value.text() != nullptr;
  if (name == "mapping") return value.dict() != nullptr;
  if (name == "sequence") return is_listed || value.is_undefined();
  if (name == "iterable") return is_listed || value.is_undefined();
  if (name == "boolean") return value.boolean() != nullptr;
  if (name == "true") return value.boolean() != nullptr && *value.boolean();
  if (name == "false") return value.boolean() != nullptr && !*value.boolean();
  if (name == "number") return is_number || value.boolean() != nullptr;
  if (name == "integer") return value.integer() != nullptr;
  if (name == "float") return value.number() != nullptr;
  if (name == "callable") return value.callable() != nullptr;
  return std::nullopt;
}

std::optional<Operator> comparison(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Operator>, 16> kNames = {
      {{"eq", Operator::kEqual},
       {"equalto", Operator::kEqual},
       {"ne", Operator::kNotEqual},
       {"lt", Operator::kLess},
       {"lessthan", Operator::kLess},
       {"le", Operator::kLessEqual},
       {"gt", Operator::kGreater},
       {"greaterthan", Operator::kGreater},
       {"ge", Operator::kGreaterEqual},
       {"in", Operator::kIn},
       {"==", Operator::kEqual},
       {"!=", Operator::kNotEqual},
       {"<", Operator::kLess},
       {"<=", Operator::kLessEqual},
       {">", Operator::kGreater},
       {">=", Operator::kGreaterEqual}}};
  for (const auto& [known, symbol] : kNames) {
    if (known == name) return symbol;
  }
  return std::nullopt;
}

bool is_divisible(Run& run, const Value& value, const Value& by) {
  const Value rest = apply_binary(run, Operator::kRemainder, value, by);
  return is_equal(run, rest, Value(std::int64_t{0}));
}

}  // namespace

bool apply_test(Run& run, std::string_view name, const Value& value, const Arguments& arguments) {
  if (const auto symbol = comparison(name)) {
    const Parameters given(run, name, arguments, {"other"});
    return compare(run, *symbol, value, given.require(0));
  }
  if (name == "divisibleby") {
    const Parameters given(run, name, arguments, {"num"});
    return is_divisible(run, value, given.require(0));
  }
  if (name == "sameas") {
    const Parameters given(run, name, arguments, {"other"});
    return value.is_same(given.require(0));
  }
  const Parameters none(run, name, arguments, {});
  if (name == "odd" || name == "even") {
    return is_divisible(run, value, Value(std::int64_t{2})) == (name == "even");
  }
  if (name == "lower" || name == "upper") {
    if (value.text() == nullptr) return false;
    const std::string& text = value.text()->bytes();
    run.spend(text.size());
    const std::string same = name == "lower" ? to_lower(text) : to_upper(text);
    return same == text && to_lower(text) != to_upper(text);
  }
  if (const auto result = test_kind(name, value)) return *result;
  run.fail("the test " + std::string(name) + " is not supported");
}

}  // namespace circuit::jinja
