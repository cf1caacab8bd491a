// What a JSON value is called in messages.
#pragma once

#include <string>

namespace simdjson::dom {
class element;
}

namespace circuit {

/// "a list", "an object", "a string", "a number", "true or false" or "null".
std::string kind_of(const simdjson::dom::element& value);

}  // namespace circuit
