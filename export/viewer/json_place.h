// Values of a viewer's JSON, each with its place in the file, so that every complaint names it.
// Private to the readers of viewer files. Failures are std::runtime_error
// `nodes[3].layer: is true, expected a layer`, without the name of the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace simdjson::dom {
class element;
}

namespace circuit {

/// Where a value stands: `nodes[3].layer`. Lives on the stack of who reads.
struct JsonPlace {
  const JsonPlace* parent = nullptr;
  std::string_view key{};  ///< Empty: the entry `index` of a list.
  std::size_t index = 0;

  std::string text() const;
};

[[noreturn]] void fail_at(const JsonPlace& place, const std::string& found,
                          std::string_view expected);
[[noreturn]] void fail_at(const JsonPlace& place, const simdjson::dom::element& found,
                          std::string_view expected);

std::string_view text_of(const simdjson::dom::element& value, const JsonPlace& place,
                         std::string_view expected = "a text");
std::int64_t whole_number_of(const simdjson::dom::element& value, const JsonPlace& place,
                             std::string_view expected = "a whole number");
/// Of 32 bits.
std::int32_t index_of(const simdjson::dom::element& value, const JsonPlace& place);
double number_of(const simdjson::dom::element& value, const JsonPlace& place);
/// A number, also as text; NaN for null and for an empty text, which stands for NaN.
double number_or_nan(const simdjson::dom::element& value, const JsonPlace& place);

/// The member of an object; nothing when it is absent or null.
std::optional<simdjson::dom::element> find_member(const simdjson::dom::element& object,
                                                  std::string_view key);
/// The same, where absence is an error at `place`.
simdjson::dom::element require_member(const simdjson::dom::element& object, std::string_view key,
                                      const JsonPlace& place, std::string_view expected);

/// 0 for what is no list.
std::size_t length_of(const simdjson::dom::element& value);
void for_each_entry(
    const simdjson::dom::element& list, const JsonPlace& place,
    const std::function<void(const simdjson::dom::element&, const JsonPlace&)>& visit);
void for_each_member(
    const simdjson::dom::element& object, const JsonPlace& place,
    const std::function<void(std::string_view key, const simdjson::dom::element&)>& visit);

}  // namespace circuit
