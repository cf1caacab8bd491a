#include "export/viewer/json_place.h"

#include <charconv>
#include <limits>
#include <stdexcept>

#include <simdjson.h>

#include "export/text/output_text.h"

namespace circuit {
namespace {

using simdjson::SUCCESS;
using simdjson::dom::element;

template <typename Value>
Value get(const element& value, const JsonPlace& place, std::string_view expected) {
  Value out{};
  if (value.get(out) != SUCCESS) fail_at(place, value, expected);
  return out;
}

}  // namespace

std::string JsonPlace::text() const {
  const std::string before = parent == nullptr ? "" : parent->text();
  if (key.empty()) return before + "[" + std::to_string(index) + "]";
  return before.empty() ? std::string(key) : before + "." + std::string(key);
}

void fail_at(const JsonPlace& place, const std::string& found, std::string_view expected) {
  throw std::runtime_error(one_line(shorten(place.text(), 100)) + ": " + found + ", expected " +
                           std::string(expected));
}

void fail_at(const JsonPlace& place, const element& found, std::string_view expected) {
  if (found.is_array()) fail_at(place, "is a list", expected);
  if (found.is_object()) fail_at(place, "is an object", expected);
  fail_at(place, "is " + one_line(shorten(simdjson::minify(found), 60)), expected);
}

std::string_view text_of(const element& value, const JsonPlace& place, std::string_view expected) {
  return get<std::string_view>(value, place, expected);
}

std::int64_t whole_number_of(const element& value, const JsonPlace& place,
                             std::string_view expected) {
  return get<std::int64_t>(value, place, expected);
}

std::int32_t index_of(const element& value, const JsonPlace& place) {
  const std::int64_t number = whole_number_of(value, place);
  if (number != static_cast<std::int32_t>(number)) fail_at(place, value, "a number of 32 bits");
  return static_cast<std::int32_t>(number);
}

double number_of(const element& value, const JsonPlace& place) {
  return get<double>(value, place, "a number");
}

double number_or_nan(const element& value, const JsonPlace& place) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  double number = 0;
  if (value.is_null()) return kNone;
  if (value.get(number) == SUCCESS) return number;
  const std::string_view text = text_of(value, place);
  if (text.find_first_not_of(' ') == std::string_view::npos) return kNone;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) fail_at(place, value, "a number");
  return number;
}

std::optional<element> find_member(const element& object, std::string_view key) {
  element value;
  if (object[key].get(value) != SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

element require_member(const element& object, std::string_view key, const JsonPlace& place,
                       std::string_view expected) {
  const auto value = find_member(object, key);
  if (!value) fail_at(place, "is missing", expected);
  return *value;
}

std::size_t length_of(const element& value) {
  simdjson::dom::array list;
  return value.get(list) == SUCCESS ? list.size() : 0;
}

void for_each_entry(const element& list, const JsonPlace& place,
                    const std::function<void(const element&, const JsonPlace&)>& visit) {
  std::size_t index = 0;
  for (const element entry : get<simdjson::dom::array>(list, place, "a list")) {
    visit(entry, JsonPlace{&place, {}, index++});
  }
}

void for_each_member(const element& object, const JsonPlace& place,
                     const std::function<void(std::string_view, const element&)>& visit) {
  for (const auto [key, value] : get<simdjson::dom::object>(object, place, "an object")) {
    visit(key, value);
  }
}

}  // namespace circuit
