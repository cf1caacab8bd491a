#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "tracer/text/jinja/access.h"
#include "tracer/text/jinja/characters.h"
#include "tracer/text/jinja/filters.h"
#include "tracer/text/jinja/operators.h"
#include "tracer/text/jinja/text_operations.h"
#include "tracer/text/jinja/value_text.h"

namespace circuit::jinja {
namespace {

Value write_json(Run& run, const Value& value, const Arguments& arguments) {
  const Parameters given(run, "tojson", arguments,
                         {"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style{.is_ascii = given.truth_or(0, false), .sorts_keys = given.truth_or(3, false)};
  if (const Value* const indent = given.find(1); indent != nullptr && !indent->is_none()) {
    const std::int64_t spaces = given.integer_or(1, 0);
    if (spaces < 0 || spaces > 16) run.fail("tojson: indent is not between 0 and 16");
    style.indent = static_cast<int>(spaces);
    style.item_separator = ",";
  }
  if (const Value* const pair = given.find(2); pair != nullptr && !pair->is_none()) {
    const List* const list = pair->list();
    if (list == nullptr || list->items.size() != 2 || list->items[0].text() == nullptr ||
        list->items[1].text() == nullptr) {
      run.fail("tojson: separators are no two texts");
    }
    style.item_separator = list->items[0].text()->bytes();
    style.key_separator = list->items[1].text()->bytes();
    run.spend(style.item_separator.size() + style.key_separator.size());
  }
  return to_json(run, value, style);
}

std::string_view trimmed(std::string_view text) {
  text = text.substr(0, trimmed_end(text));
  return text.substr(trimmed_begin(text));
}

/// The number that the whole of `text` is, without white space around it.
template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> truncated(double number) {
  constexpr double kLimit = 9223372036854775808.0;
  if (!(number > -kLimit && number < kLimit)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

Value to_integer(Run& run, const Value& value, const Arguments& arguments) {
  const Parameters given(run, "int", arguments, {"default"});
  const Value fallback = given.find(0) == nullptr ? Value(std::int64_t{0}) : *given.find(0);
  std::optional<std::int64_t> whole;
  if (value.integer() != nullptr) {
    whole = *value.integer();
  } else if (value.boolean() != nullptr) {
    whole = *value.boolean() ? 1 : 0;
  } else if (value.number() != nullptr) {
    whole = truncated(*value.number());
  } else if (const MarkedText* const text = value.text()) {
    run.spend(text->size());
    whole = parse_number<std::int64_t>(text->bytes());
    if (!whole) {
      const auto real = parse_number<double>(text->bytes());
      if (real) whole = truncated(*real);
    }
  }
  return whole ? Value(*whole) : fallback;
}

Value to_float(Run& run, const Value& value, const Arguments& arguments) {
  const Parameters given(run, "float", arguments, {"default"});
  if (value.number() != nullptr) return value;
  if (value.integer() != nullptr) return static_cast<double>(*value.integer());
  if (value.boolean() != nullptr) return *value.boolean() ? 1.0 : 0.0;
  if (const MarkedText* const text = value.text()) {
    run.spend(text->size());
    if (const auto number = parse_number<double>(text->bytes())) return *number;
  }
  return given.find(0) == nullptr ? Value(0.0) : *given.find(0);
}

Value absolute(Run& run, const Value& value) {
  if (value.integer() != nullptr && *value.integer() < 0) {
    return apply_unary(run, Operator::kNegate, value);
  }
  if (value.number() != nullptr) return std::abs(*value.number());
  return apply_unary(run, Operator::kPlus, value);
}

Value fallback_of(Run& run, const Value& value, const Arguments& arguments) {
  const Parameters given(run, "default", arguments, {"default_value", "boolean"});
  const bool is_missing = value.is_undefined() || (given.truth_or(1, false) && !value.is_true());
  if (!is_missing) return value;
  return given.find(0) == nullptr ? Value("") : *given.find(0);
}

/// Every line but the first gets `width` spaces, or what `width` is.
Value indent(Run& run, const MarkedText& text, const Arguments& arguments) {
  const Parameters given(run, "indent", arguments, {"width", "first", "blank"});
  MarkedText space(std::string(4, ' '));
  if (const Value* const width = given.find(0)) {
    if (width->text() != nullptr) {
      space = *width->text();
    } else {
      const std::int64_t count = given.integer_or(0, 4);
      if (count < 0 || count > 1000) run.fail("indent: width is not between 0 and 1000");
      space = MarkedText(std::string(static_cast<std::size_t>(count), ' '));
    }
  }
  const bool is_blank = given.truth_or(2, false);
  MarkedText result;
  bool is_first = true;
  MarkedText whole = text;
  whole.append("\n");  // as Jinja does, so that a line break at the end counts
  for (const MarkedText& line : split_lines(run, whole, /*keeps_ends=*/false)) {
    run.spend(space.size());
    if (!is_first) result.append("\n");
    const bool is_indented = is_first ? given.truth_or(1, false) : is_blank || !line.empty();
    if (is_indented) result.append(space);
    result.append(line);
    is_first = false;
  }
  return result;
}

Value replace_all(Run& run, const MarkedText& text, const Arguments& arguments) {
  const Parameters given(run, "replace", arguments, {"old", "new", "count"});
  const MarkedText from = to_text(run, given.require(0));
  return replace(run, text, from.bytes(), to_text(run, given.require(1)), given.integer_or(2, -1));
}

Value trim(Run& run, const MarkedText& text, const Arguments& arguments) {
  const Parameters given(run, "trim", arguments, {"chars"});
  return strip(run, text, given.text(0), Side::kBoth);
}

bool is_change_of_text(std::string_view name) {
  return name == "upper" || name == "lower" || name == "capitalize" || name == "title";
}

Value change_text(Run& run, std::string_view name, const MarkedText& text) {
  run.spend(text.size() * 2);
  if (name == "capitalize") return capitalize(text);
  if (name == "title") return title_words(text);
  return with_marks_of(text, name == "upper" ? to_upper(text.bytes()) : to_lower(text.bytes()));
}

}  // namespace

std::optional<Value> apply_text_filter(Run& run, std::string_view name, const Value& value,
                                       const Arguments& arguments) {
  if (name == "tojson") return write_json(run, value, arguments);
  if (name == "default" || name == "d") return fallback_of(run, value, arguments);
  if (name == "int") return to_integer(run, value, arguments);
  if (name == "float") return to_float(run, value, arguments);
  if (name == "trim") return trim(run, to_text(run, value), arguments);
  if (name == "replace") return replace_all(run, to_text(run, value), arguments);
  if (name == "indent") return indent(run, to_text(run, value), arguments);
  const bool is_plain =
      name == "string" || name == "safe" || name == "abs" || is_change_of_text(name);
  if (!is_plain) return std::nullopt;
  const Parameters none(run, name, arguments, {});
  if (name == "abs") return absolute(run, value);
  if (is_change_of_text(name)) return change_text(run, name, to_text(run, value));
  return value.text() != nullptr ? value : Value(to_text(run, value));
}

}  // namespace circuit::jinja
