#include "tracer/text/jinja/methods.h"

#include <algorithm>
#include <array>
#include <string>

#include "tracer/text/jinja/access.h"
#include "tracer/text/jinja/characters.h"
#include "tracer/text/jinja/operators.h"
#include "tracer/text/jinja/text_operations.h"
#include "tracer/text/jinja/value_text.h"

namespace circuit::jinja {
namespace {

constexpr std::array<std::string_view, 29> kTextMethods = {
    "startswith", "endswith", "strip",      "lstrip",    "rstrip",       "split",
    "rsplit",     "replace",  "splitlines", "upper",     "lower",        "title",
    "capitalize", "find",     "rfind",      "count",     "index",        "join",
    "isdigit",    "isalpha",  "isspace",    "isupper",   "removeprefix", "removesuffix",
    "islower",    "format",   "encode",     "isnumeric", "isalnum"};
constexpr std::array<std::string_view, 4> kDictMethods = {"items", "keys", "values", "get"};
constexpr std::array<std::string_view, 5> kDictChanges = {"pop", "update", "setdefault", "clear",
                                                          "popitem"};
constexpr std::array<std::string_view, 2> kListMethods = {"index", "count"};
constexpr std::array<std::string_view, 7> kListChanges = {"append",  "extend", "insert", "pop",
                                                          "reverse", "remove", "sort"};

bool holds(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Value to_list(Run& run, std::vector<MarkedText> texts) {
  std::vector<Value> items(std::make_move_iterator(texts.begin()),
                           std::make_move_iterator(texts.end()));
  return run.list(std::move(items));
}

/// One text, or a tuple of which one is enough.
bool has_affix(Run& run, const MarkedText& text, const Value& affix, bool is_prefix) {
  if (const List* const list = affix.list()) {
    return std::ranges::any_of(
        list->items, [&](const Value& one) { return has_affix(run, text, one, is_prefix); });
  }
  const Run::Level level(run);
  if (affix.text() == nullptr) {
    run.fail(std::string(is_prefix ? "startswith" : "endswith") + " of " +
             std::string(affix.kind()) + ", expected a text");
  }
  return is_prefix ? text.bytes().starts_with(affix.text()->bytes())
                   : text.bytes().ends_with(affix.text()->bytes());
}

Value find_text(Run& run, const MarkedText& text, std::string_view what, bool is_last) {
  run.spend(text.size());
  const auto place = is_last ? text.bytes().rfind(what) : text.bytes().find(what);
  if (place == std::string::npos) return std::int64_t{-1};
  const std::string_view before = std::string_view(text.bytes()).substr(0, place);
  return static_cast<std::int64_t>(character_starts(before).size()) - 1;
}

Value count_text(Run& run, const MarkedText& text, std::string_view what) {
  run.spend(text.size());
  if (what.empty()) return static_cast<std::int64_t>(character_starts(text.bytes()).size());
  std::int64_t count = 0;
  for (std::size_t place = 0; (place = text.bytes().find(what, place)) != std::string::npos;) {
    place += what.size();
    ++count;
  }
  return count;
}

Value join(Run& run, const MarkedText& separator, const Value& list) {
  MarkedText result;
  bool is_first = true;
  for (const Value& item : items_of(run, list)) {
    if (item.text() == nullptr) run.fail("join of " + std::string(item.kind()));
    run.spend(separator.size() + item.text()->size());
    if (!is_first) result.append(separator);
    result.append(*item.text());
    is_first = false;
  }
  return result;
}

Value call_cutting_method(Run& run, const MarkedText& text, std::string_view name,
                          const Arguments& arguments) {
  const std::string function(name);
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    const Parameters given(run, name, arguments, {"chars"});
    const Side side = name == "strip" ? Side::kBoth : name == "lstrip" ? Side::kLeft : Side::kRight;
    return strip(run, text, given.text(0), side);
  }
  if (name == "split" || name == "rsplit") {
    const Parameters given(run, name, arguments, {"sep", "maxsplit"});
    return to_list(run, split(run, text, given.text(0), given.integer_or(1, -1), name == "rsplit"));
  }
  if (name == "splitlines") {
    const Parameters given(run, name, arguments, {"keepends"});
    return to_list(run, split_lines(run, text, given.truth_or(0, false)));
  }
  if (name == "replace") {
    const Parameters given(run, name, arguments, {"old", "new", "count"});
    return replace(run, text, given.require_text(0).bytes(), given.require_text(1),
                   given.integer_or(2, -1));
  }
  const Parameters given(run, name, arguments, {"affix"});
  const std::size_t length = given.require_text(0).size();
  const bool is_prefix = name == "removeprefix";
  if (!has_affix(run, text, given.require(0), is_prefix)) return text;
  return is_prefix ? text.part(length, text.size()) : text.part(0, text.size() - length);
}

Value call_text_method(Run& run, const MarkedText& text, std::string_view name,
                       const Arguments& arguments) {
  run.spend(text.size() / 4);
  if (name == "startswith" || name == "endswith") {
    const Parameters given(run, name, arguments, {"prefix"});
    return has_affix(run, text, given.require(0), name == "startswith");
  }
  if (name == "find" || name == "rfind" || name == "count") {
    const Parameters given(run, name, arguments, {"sub"});
    const std::string& what = given.require_text(0).bytes();
    if (name == "count") return count_text(run, text, what);
    return find_text(run, text, what, name == "rfind");
  }
  if (name == "join") {
    return join(run, text, Parameters(run, name, arguments, {"iterable"}).require(0));
  }
  if (name == "upper" || name == "lower" || name == "title" || name == "capitalize") {
    const Parameters none(run, name, arguments, {});
    run.spend(text.size());
    if (name == "capitalize") return capitalize(text);
    return with_marks_of(text, name == "upper"   ? to_upper(text.bytes())
                               : name == "lower" ? to_lower(text.bytes())
                                                 : to_title(text.bytes()));
  }
  if (name == "isdigit" || name == "isspace") {
    const Parameters none(run, name, arguments, {});
    if (text.empty()) return false;
    if (name == "isspace") return trimmed_begin(text.bytes()) == text.size();
    return std::ranges::all_of(text.bytes(), [](char c) { return c >= '0' && c <= '9'; });
  }
  static constexpr std::array<std::string_view, 7> kCutting = {
      "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "replace"};
  if (holds(kCutting, name) || name == "removeprefix" || name == "removesuffix") {
    return call_cutting_method(run, text, name, arguments);
  }
  run.fail("the method " + std::string(name) + " of texts is not supported");
}

Value call_dict_method(Run& run, const Dict& dict, std::string_view name,
                       const Arguments& arguments) {
  if (name == "get") {
    const Parameters given(run, name, arguments, {"key", "default"});
    const Value& key = given.require(0);
    const Value* const found = key.text() == nullptr ? nullptr : dict.find(key.text()->bytes());
    if (found != nullptr) return *found;
    return given.find(1) == nullptr ? Value() : *given.find(1);
  }
  const Parameters none(run, name, arguments, {});
  std::vector<Value> items;
  for (const auto& [key, value] : dict.items()) {
    if (name == "keys") {
      items.emplace_back(key);
    } else if (name == "values") {
      items.push_back(value);
    } else {
      items.push_back(run.list({Value(key), value}, /*is_tuple=*/true));
    }
  }
  return run.list(std::move(items));
}

Value call_list_method(Run& run, const List& list, std::string_view name,
                       const Arguments& arguments) {
  const Parameters given(run, name, arguments, {"value"});
  std::int64_t count = 0;
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    if (!is_equal(run, list.items[i], given.require(0))) continue;
    if (name == "index") return static_cast<std::int64_t>(i);
    ++count;
  }
  if (name == "index") run.fail("index: the value is not in the list");
  return count;
}

Value cycle(Run& run, const Loop& loop, const Arguments& arguments) {
  if (arguments.positional.empty()) run.fail("cycle has no arguments");
  return arguments.positional[loop.index % arguments.positional.size()];
}

}  // namespace

bool has_method(const Value& value, std::string_view name) {
  if (value.text() != nullptr) return holds(kTextMethods, name);
  if (value.dict() != nullptr) return holds(kDictMethods, name) || holds(kDictChanges, name);
  if (value.list() != nullptr) return holds(kListMethods, name) || holds(kListChanges, name);
  return value.loop() != nullptr && name == "cycle";
}

Value call_method(Run& run, const Value& value, std::string_view name, const Arguments& arguments) {
  if (const MarkedText* const text = value.text()) {
    return call_text_method(run, *text, name, arguments);
  }
  const List* const list = value.list();
  if (value.dict() != nullptr ? holds(kDictChanges, name)
                              : list != nullptr && holds(kListChanges, name)) {
    run.fail(std::string(name) + " would change " + std::string(value.kind()) +
             ", which templates may not");
  }
  if (const Dict* const dict = value.dict()) return call_dict_method(run, *dict, name, arguments);
  if (list != nullptr) return call_list_method(run, *list, name, arguments);
  return cycle(run, *value.loop(), arguments);
}

}  // namespace circuit::jinja
