#include "tracer/text/jinja/arguments.h"

#include <algorithm>

namespace circuit::jinja {

Parameters::Parameters(const Run& run, std::string_view function, const Arguments& arguments,
                       std::initializer_list<std::string_view> names)
    : run_(run), function_(function), names_(names), values_(names.size()) {
  if (arguments.positional.size() > names_.size()) {
    run.fail(function_ + " has " + std::to_string(arguments.positional.size()) +
             " arguments, expected at most " + std::to_string(names_.size()));
  }
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
    values_[i] = &arguments.positional[i];
  }
  for (const auto& [name, value] : arguments.named) {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end()) run.fail(function_ + " has no parameter " + name);
    const auto index = static_cast<std::size_t>(found - names_.begin());
    if (values_[index] != nullptr) run.fail(function_ + " has two values of " + name);
    values_[index] = &value;
  }
}

const Value& Parameters::require(std::size_t index) const {
  if (values_[index] == nullptr) {
    run_.fail(function_ + " has no argument " + std::string(names_[index]));
  }
  return *values_[index];
}

const MarkedText& Parameters::require_text(std::size_t index) const {
  if (require(index).text() == nullptr) refuse(index, "a text");
  return *values_[index]->text();
}

bool Parameters::truth_or(std::size_t index, bool fallback) const {
  return values_[index] == nullptr ? fallback : values_[index]->is_true();
}

std::int64_t Parameters::integer_or(std::size_t index, std::int64_t fallback) const {
  if (values_[index] == nullptr || values_[index]->is_none()) return fallback;
  if (const bool* const truth = values_[index]->boolean()) return *truth ? 1 : 0;
  if (values_[index]->integer() == nullptr) refuse(index, "a whole number");
  return *values_[index]->integer();
}

const MarkedText* Parameters::text(std::size_t index) const {
  if (values_[index] == nullptr || values_[index]->is_none()) return nullptr;
  return &require_text(index);
}

void Parameters::refuse(std::size_t index, std::string_view expected) const {
  run_.fail(function_ + ": " + std::string(names_[index]) + " is " +
            std::string(values_[index]->kind()) + ", expected " + std::string(expected));
}

}  // namespace circuit::jinja
