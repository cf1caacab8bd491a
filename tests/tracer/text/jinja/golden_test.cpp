// Every template of tests/golden/chat/jinja.json: what Python's jinja2 made of it.
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "tracer/text/jinja/template.h"

namespace circuit::jinja {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

Value value_of(const element& json) {
  switch (json.type()) {
    case element_type::ARRAY: {
      std::vector<Value> items;
      for (const element& item : json.get_array()) items.push_back(value_of(item));
      return make_list(std::move(items));
    }
    case element_type::OBJECT: {
      Dict dict;
      for (const auto [key, member] : json.get_object()) dict.set(key, value_of(member));
      return dict;
    }
    case element_type::STRING:
      return Value(json.get_string().value());
    case element_type::BOOL:
      return json.get_bool().value();
    case element_type::NULL_VALUE:
      return {};
    case element_type::DOUBLE:
      return json.get_double().value();
    default:
      return json.get_int64().value();
  }
}

Date date_of(std::string_view text) {
  const auto number = [&](std::size_t begin, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + begin, text.data() + begin + length, value);
    return value;
  };
  return {.year = number(0, 4), .month = number(5, 2), .day = number(8, 2)};
}

/// Nothing when it fails as it should; any other exception ends the test.
std::optional<std::string> render(std::string_view source, const Dict& variables,
                                  const Date& date) {
  try {
    return Template::parse(source, "t").render(variables, {.date = date}).bytes();
  } catch (const std::runtime_error& error) {
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with("[chat_template] t:1: ") ||
                message.starts_with("[chat_template] t:2: "))
        << message;
    return std::nullopt;
  }
}

TEST(Jinja, RendersEveryGoldenTemplateLikePython) {
  const std::filesystem::path file = std::filesystem::path(CIRCUIT_GOLDEN_DIR) / "chat/jinja.json";
  simdjson::dom::parser parser;
  const element fixture = parser.load(file.string());
  const Value variables = value_of(fixture["variables"].value());
  const Date date = date_of(fixture["date"].get_string());
  std::size_t count = 0;
  for (const element& golden : fixture["cases"].get_array()) {
    const std::string_view source = golden["template"].get_string();
    SCOPED_TRACE(source);
    std::optional<std::string> expected;
    if (!golden["output"].is_null()) expected = std::string(golden["output"].get_string().value());
    EXPECT_EQ(render(source, *variables.dict(), date), expected);
    ++count;
  }
  EXPECT_GE(count, 400U);
}

}  // namespace
}  // namespace circuit::jinja
