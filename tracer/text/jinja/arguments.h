// The arguments of a call, and which parameter each of them is.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracer/text/jinja/run.h"
#include "tracer/text/jinja/value.h"

namespace circuit::jinja {

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// Arguments by parameter; asks for their kind.
class Parameters {
 public:
  /// Fails for more arguments than `names` and for other names. `function` is for messages.
  Parameters(const Run& run, std::string_view function, const Arguments& arguments,
             std::initializer_list<std::string_view> names);

  /// Null when it was not given.
  const Value* find(std::size_t index) const { return values_[index]; }
  /// Fails when it was not given.
  const Value& require(std::size_t index) const;
  const MarkedText& require_text(std::size_t index) const;

  bool truth_or(std::size_t index, bool fallback) const;
  std::int64_t integer_or(std::size_t index, std::int64_t fallback) const;
  /// Null when it was not given or is none.
  const MarkedText* text(std::size_t index) const;

 private:
  [[noreturn]] void refuse(std::size_t index, std::string_view expected) const;

  const Run& run_;
  std::string function_;
  std::vector<std::string_view> names_;
  std::vector<const Value*> values_;
};

}  // namespace circuit::jinja
