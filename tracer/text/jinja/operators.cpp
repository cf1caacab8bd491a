#include "tracer/text/jinja/operators.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "tracer/text/jinja/value_text.h"

namespace circuit::jinja {
namespace {

/// True and False count as 1 and 0.
std::optional<std::int64_t> whole_of(const Value& value) {
  if (const auto* const whole = value.integer()) return *whole;
  if (const bool* const truth = value.boolean()) return *truth ? 1 : 0;
  return std::nullopt;
}

std::optional<double> real_of(const Value& value) {
  if (const double* const real = value.number()) return *real;
  if (const auto whole = whole_of(value)) return static_cast<double>(*whole);
  return std::nullopt;
}

std::string_view sign_of(Operator symbol) {
  switch (symbol) {
    case Operator::kAdd:
    case Operator::kPlus:
      return "+";
    case Operator::kSubtract:
    case Operator::kNegate:
      return "-";
    case Operator::kMultiply:
      return "*";
    case Operator::kDivide:
      return "/";
    case Operator::kFloorDivide:
      return "//";
    case Operator::kRemainder:
      return "%";
    case Operator::kPower:
      return "**";
    default:
      return "compare";
  }
}

void require_defined(const Run& run, const Value& value) {
  if (const Undefined* const missing = value.undefined()) run.fail(missing->what + " is undefined");
}

[[noreturn]] void refuse(const Run& run, Operator symbol, const Value& left, const Value& right) {
  require_defined(run, left);
  require_defined(run, right);
  run.fail(std::string(sign_of(symbol)) + " of " + std::string(left.kind()) + " and " +
           std::string(right.kind()) + " is not possible");
}

std::int64_t power_of(const Run& run, std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  for (std::int64_t i = 0; i < exponent; ++i) {
    if (__builtin_mul_overflow(result, base, &result)) run.fail("a number is too large");
    if (result == 0 || (result == 1 && base == 1)) return result;
    if (base == -1) return exponent % 2 == 0 ? 1 : -1;
  }
  return result;
}

std::int64_t whole_result(const Run& run, Operator symbol, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool is_too_large = false;
  switch (symbol) {
    case Operator::kAdd:
      is_too_large = __builtin_add_overflow(a, b, &result);
      break;
    case Operator::kSubtract:
      is_too_large = __builtin_sub_overflow(a, b, &result);
      break;
    case Operator::kMultiply:
      is_too_large = __builtin_mul_overflow(a, b, &result);
      break;
    case Operator::kFloorDivide:
      is_too_large = b == -1 && a == std::numeric_limits<std::int64_t>::min();
      if (!is_too_large) result = a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
      break;
    case Operator::kRemainder:
      result = b == -1 ? 0 : a % b;
      if (result != 0 && (result < 0) != (b < 0)) result += b;
      break;
    default:
      return power_of(run, a, b);
  }
  if (is_too_large) run.fail("a number is too large");
  return result;
}

double real_result(Operator symbol, double a, double b) {
  switch (symbol) {
    case Operator::kAdd:
      return a + b;
    case Operator::kSubtract:
      return a - b;
    case Operator::kMultiply:
      return a * b;
    case Operator::kDivide:
      return a / b;
    case Operator::kFloorDivide:
      return std::floor(a / b);
    case Operator::kRemainder:
      return a - b * std::floor(a / b);
    default:
      return std::pow(a, b);
  }
}

Value calculate(Run& run, Operator symbol, const Value& left, const Value& right) {
  const auto a = real_of(left);
  const auto b = real_of(right);
  if (!a || !b) refuse(run, symbol, left, right);
  const bool divides = symbol == Operator::kDivide || symbol == Operator::kFloorDivide ||
                       symbol == Operator::kRemainder;
  if (divides && *b == 0) run.fail("division by zero");
  const auto whole_a = whole_of(left);
  const auto whole_b = whole_of(right);
  const bool is_whole = whole_a && whole_b && symbol != Operator::kDivide &&
                        (symbol != Operator::kPower || *whole_b >= 0);
  if (is_whole) return whole_result(run, symbol, *whole_a, *whole_b);
  return real_result(symbol, *a, *b);
}

Value join(Run& run, const Value& left, const Value& right) {
  if (left.text() != nullptr && right.text() != nullptr) {
    MarkedText text = to_text(run, left);
    text.append(to_text(run, right));
    return text;
  }
  if (left.list() == nullptr || right.list() == nullptr) {
    return calculate(run, Operator::kAdd, left, right);
  }
  std::vector<Value> items = left.list()->items;
  items.insert(items.end(), right.list()->items.begin(), right.list()->items.end());
  return run.list(std::move(items), left.list()->is_tuple);
}

Value repeat(Run& run, const Value& value, std::int64_t count) {
  const auto times = static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
  if (const List* const list = value.list()) {
    std::vector<Value> items;
    for (std::size_t i = 0; i < times && !list->items.empty(); ++i) {
      run.spend(list->items.size() * sizeof(Value));
      items.insert(items.end(), list->items.begin(), list->items.end());
    }
    return run.list(std::move(items), list->is_tuple);
  }
  MarkedText text;
  for (std::size_t i = 0; i < times && !value.text()->empty(); ++i) {
    run.spend(value.text()->size());
    text.append(*value.text());
  }
  return text;
}

bool is_repeatable(const Value& value) {
  return value.text() != nullptr || value.list() != nullptr;
}

}  // namespace

Value apply_unary(Run& run, Operator symbol, const Value& value) {
  require_defined(run, value);
  const bool is_negated = symbol == Operator::kNegate;
  if (const auto whole = whole_of(value)) {
    return is_negated ? whole_result(run, Operator::kSubtract, 0, *whole) : *whole;
  }
  if (const double* const real = value.number()) return is_negated ? -*real : *real;
  run.fail(std::string(sign_of(symbol)) + " of " + std::string(value.kind()) + " is not possible");
}

Value apply_binary(Run& run, Operator symbol, const Value& left, const Value& right) {
  switch (symbol) {
    case Operator::kConcatenate: {
      MarkedText text = to_text(run, left);
      text.append(to_text(run, right));
      return text;
    }
    case Operator::kAdd:
      return join(run, left, right);
    case Operator::kMultiply:
      if (is_repeatable(left) && whole_of(right)) return repeat(run, left, *whole_of(right));
      if (is_repeatable(right) && whole_of(left)) return repeat(run, right, *whole_of(left));
      return calculate(run, symbol, left, right);
    default:
      return calculate(run, symbol, left, right);
  }
}

bool compare(Run& run, Operator symbol, const Value& left, const Value& right) {
  switch (symbol) {
    case Operator::kEqual:
      return is_equal(run, left, right);
    case Operator::kNotEqual:
      return !is_equal(run, left, right);
    case Operator::kLess:
      return order(run, left, right) < 0;
    case Operator::kLessEqual:
      return order(run, left, right) <= 0;
    case Operator::kGreater:
      return order(run, left, right) > 0;
    case Operator::kGreaterEqual:
      return order(run, left, right) >= 0;
    case Operator::kIn:
      return is_in(run, left, right);
    default:
      return !is_in(run, left, right);
  }
}

bool is_equal(Run& run, const Value& left, const Value& right) {
  const Run::Level level(run);
  if (left.text() != nullptr && right.text() != nullptr) {
    run.spend(std::min(left.text()->size(), right.text()->size()) / 16);
    return left.text()->bytes() == right.text()->bytes();
  }
  const auto whole = whole_of(left);
  if (whole && whole_of(right)) return whole == whole_of(right);
  if (const auto real = real_of(left)) return real == real_of(right);
  if (left.is_undefined() || right.is_undefined()) {
    return left.is_undefined() && right.is_undefined();
  }
  const List* const a = left.list();
  const List* const b = right.list();
  if (a != nullptr && b != nullptr) {
    return a->is_tuple == b->is_tuple &&
           std::ranges::equal(a->items, b->items, [&run](const Value& one, const Value& other) {
             return is_equal(run, one, other);
           });
  }
  if (left.dict() != nullptr && right.dict() != nullptr) {
    const auto& items = left.dict()->items();
    return items.size() == right.dict()->items().size() &&
           std::ranges::all_of(items, [&](const auto& item) {
             const Value* const other = right.dict()->find(item.first);
             return other != nullptr && is_equal(run, item.second, *other);
           });
  }
  return left.is_same(right);
}

int order(Run& run, const Value& left, const Value& right) {
  const Run::Level level(run);
  if (left.text() != nullptr && right.text() != nullptr) {
    run.spend(std::min(left.text()->size(), right.text()->size()) / 16);
    return left.text()->bytes().compare(right.text()->bytes());
  }
  const auto whole_a = whole_of(left);
  const auto whole_b = whole_of(right);
  if (whole_a && whole_b) return *whole_a < *whole_b ? -1 : *whole_a > *whole_b ? 1 : 0;
  const auto real_a = real_of(left);
  const auto real_b = real_of(right);
  if (real_a && real_b) return *real_a < *real_b ? -1 : *real_a > *real_b ? 1 : 0;
  if (left.list() == nullptr || right.list() == nullptr) {
    refuse(run, Operator::kLess, left, right);
  }
  const auto& a = left.list()->items;
  const auto& b = right.list()->items;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (!is_equal(run, a[i], b[i])) return order(run, a[i], b[i]);
  }
  return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

bool is_in(Run& run, const Value& item, const Value& whole) {
  if (const MarkedText* const text = whole.text()) {
    if (item.text() == nullptr) refuse(run, Operator::kIn, item, whole);
    run.spend(text->size() / 16 + 1);
    return text->bytes().find(item.text()->bytes()) != std::string::npos;
  }
  if (const Dict* const dict = whole.dict()) {
    return item.text() != nullptr && dict->find(item.text()->bytes()) != nullptr;
  }
  if (whole.is_undefined()) return false;
  if (whole.list() == nullptr) refuse(run, Operator::kIn, item, whole);
  return std::ranges::any_of(whole.list()->items,
                             [&](const Value& one) { return is_equal(run, item, one); });
}

}  // namespace circuit::jinja
