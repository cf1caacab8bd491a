#include "tracer/text/jinja/filters.h"

#include <charconv>
#include <string>

#include "tracer/text/jinja/access.h"
#include "tracer/text/jinja/operators.h"

namespace circuit::jinja {

Value apply_filter(Run& run, std::string_view name, const Value& value,
                   const Arguments& arguments) {
  const Run::Level level(run);
  if (auto result = apply_text_filter(run, name, value, arguments)) return std::move(*result);
  if (auto result = apply_list_filter(run, name, value, arguments)) return std::move(*result);
  run.fail("the filter " + std::string(name) + " is not supported");
}

Value get_path(Run& run, const Value& value, const Value& path) {
  if (path.text() == nullptr) return get_item(run, value, path);
  Value result = value;
  std::string_view rest = path.text()->bytes();
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    std::int64_t index = 0;
    const char* const end = part.data() + part.size();
    const auto [stop, error] = std::from_chars(part.data(), end, index);
    const bool is_index = error == std::errc() && stop == end;
    result = get_item(run, result, is_index ? Value(index) : Value(part));
    if (dot == rest.npos) return result;
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace circuit::jinja
