#include "export/viewer/json_place.h"

#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "tests/support/throws.h"

namespace circuit {
namespace {

using simdjson::dom::element;

/// A document, which keeps its values.
class Parsed {
 public:
  explicit Parsed(const std::string& json) : root_(parser_.parse(simdjson::padded_string(json))) {}
  const element& root() const { return root_; }

 private:
  simdjson::dom::parser parser_;
  element root_;
};

std::string message_of(const std::string& json,
                       const std::function<void(const element&, const JsonPlace&)>& read) {
  const Parsed parsed(json);
  const JsonPlace place{nullptr, "a"};
  return testing::message_of<std::runtime_error>([&] { read(parsed.root(), place); });
}

TEST(JsonPlace, SaysTheWayToAValue) {
  const JsonPlace nodes{nullptr, "nodes"}, node{&nodes, {}, 3}, layer{&node, "layer"};
  EXPECT_EQ(nodes.text(), "nodes");
  EXPECT_EQ(node.text(), "nodes[3]");
  EXPECT_EQ(layer.text(), "nodes[3].layer");
}

TEST(JsonPlace, StandsBeforeWhatWasFound) {
  EXPECT_EQ(message_of("true", [](auto& v, auto& at) { text_of(v, at); }),
            "a: is true, expected a text");
  EXPECT_EQ(message_of("[1]", [](auto& v, auto& at) { text_of(v, at, "a name"); }),
            "a: is a list, expected a name");
  EXPECT_EQ(message_of("{}", [](auto& v, auto& at) { whole_number_of(v, at); }),
            "a: is an object, expected a whole number");
  EXPECT_EQ(message_of("4294967296", [](auto& v, auto& at) { index_of(v, at); }),
            "a: is 4294967296, expected a number of 32 bits");
  EXPECT_EQ(message_of("\"1\"", [](auto& v, auto& at) { number_of(v, at); }),
            "a: is \"1\", expected a number");
  EXPECT_EQ(message_of("\"1x\"", [](auto& v, auto& at) { number_or_nan(v, at); }),
            "a: is \"1x\", expected a number");
  EXPECT_EQ(message_of("{\"b\":null}",
                       [](auto& v, auto& at) { require_member(v, "b", at, "something"); }),
            "a: is missing, expected something");
  EXPECT_EQ(message_of("3", [](auto& v, auto& at) { for_each_entry(v, at, {}); }),
            "a: is 3, expected a list");
  EXPECT_EQ(message_of("[]", [](auto& v, auto& at) { for_each_member(v, at, {}); }),
            "a: is a list, expected an object");
}

TEST(JsonPlace, TakesNumbersAsTextAndMissingOnesAsNaN) {
  const JsonPlace place{nullptr, "a"};
  EXPECT_EQ(number_or_nan(Parsed("2").root(), place), 2);
  EXPECT_EQ(number_or_nan(Parsed("\"0.5\"").root(), place), 0.5);
  EXPECT_TRUE(std::isnan(number_or_nan(Parsed("null").root(), place)));
  EXPECT_TRUE(std::isnan(number_or_nan(Parsed("\"   \"").root(), place)));
}

TEST(JsonPlace, VisitsEntriesAndMembersInTheirOrder) {
  const JsonPlace place{nullptr, "a"};
  std::string seen;
  for_each_entry(Parsed("[7,8]").root(), place, [&](const element& entry, const JsonPlace& at) {
    seen += at.text() + "=" + std::to_string(index_of(entry, at)) + " ";
  });
  for_each_member(Parsed("{\"y\":1,\"x\":2}").root(), place,
                  [&](std::string_view key, const element&) { seen += key; });
  EXPECT_EQ(seen, "a[0]=7 a[1]=8 yx");
  EXPECT_EQ(length_of(Parsed("[1,2,3]").root()), 3U);
  EXPECT_EQ(length_of(Parsed("3").root()), 0U);
  EXPECT_FALSE(find_member(Parsed("{\"b\":null}").root(), "b").has_value());
}

}  // namespace
}  // namespace circuit
