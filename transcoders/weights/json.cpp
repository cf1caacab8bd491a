#include "transcoders/weights/json.h"

#include <stdexcept>

#include <simdjson.h>

namespace circuit {

using simdjson::dom::element;
using simdjson::dom::element_type;

struct JsonFile::Contents {
  std::string operation;
  std::filesystem::path path;
  simdjson::dom::parser parser;
  element root;

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("[" + operation + "] " + path.string() + ": " + what);
  }

  std::optional<element> find(std::string_view key) const {
    const auto found = find_or_null(key);
    return found && !found->is_null() ? found : std::nullopt;
  }

  std::optional<element> find_or_null(std::string_view key) const {
    element current = root;
    while (!key.empty()) {
      const auto dot = key.find('.');
      simdjson::dom::object object;
      if (current.get(object) != simdjson::SUCCESS) return std::nullopt;
      if (object[key.substr(0, dot)].get(current) != simdjson::SUCCESS) return std::nullopt;
      key = dot == std::string_view::npos ? std::string_view() : key.substr(dot + 1);
    }
    return current;
  }

  template <class T>
  std::optional<T> get(std::string_view key, std::string_view expected) const {
    const auto found = find(key);
    if (!found) return std::nullopt;
    T value{};
    if (found->get(value) != simdjson::SUCCESS) {
      fail("key " + std::string(key) + " is " + simdjson::minify(*found) + ", expected " +
           std::string(expected));
    }
    return value;
  }
};

JsonFile JsonFile::open(std::string_view operation, const std::filesystem::path& path) {
  auto contents = std::make_shared<Contents>();
  contents->operation = operation;
  contents->path = path;
  if (!std::filesystem::exists(path)) contents->fail("no such file");
  const auto error = contents->parser.load(path.string()).get(contents->root);
  if (error != simdjson::SUCCESS) {
    contents->fail(std::string("is not valid JSON (") + simdjson::error_message(error) + ")");
  }
  if (!contents->root.is_object()) contents->fail("holds no JSON object");
  JsonFile file;
  file.contents_ = std::move(contents);
  return file;
}

const std::filesystem::path& JsonFile::path() const { return contents_->path; }

bool JsonFile::has(std::string_view key) const { return contents_->find(key).has_value(); }

bool JsonFile::contains(std::string_view key) const {
  return contents_->find_or_null(key).has_value();
}

std::optional<std::int64_t> JsonFile::integer(std::string_view key) const {
  return contents_->get<std::int64_t>(key, "an integer");
}

std::optional<double> JsonFile::number(std::string_view key) const {
  return contents_->get<double>(key, "a number");
}

std::optional<bool> JsonFile::boolean(std::string_view key) const {
  return contents_->get<bool>(key, "true or false");
}

std::optional<std::string> JsonFile::text(std::string_view key) const {
  const auto value = contents_->get<std::string_view>(key, "a string");
  if (!value) return std::nullopt;
  return std::string(*value);
}

std::vector<std::int64_t> JsonFile::integers(std::string_view key) const {
  const auto found = contents_->find(key);
  if (!found) return {};
  if (!found->is_array()) return {*integer(key)};
  std::vector<std::int64_t> values;
  for (const element item : found->get_array()) {
    std::int64_t value = 0;
    if (item.get(value) != simdjson::SUCCESS) {
      contents_->fail("key " + std::string(key) + " holds " + simdjson::minify(item) +
                      ", expected integers");
    }
    values.push_back(value);
  }
  return values;
}

std::optional<std::vector<std::string>> JsonFile::texts(std::string_view key) const {
  const auto array = contents_->get<simdjson::dom::array>(key, "an array of strings");
  if (!array) return std::nullopt;
  std::vector<std::string> values;
  for (const element item : *array) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) {
      contents_->fail("key " + std::string(key) + " holds " + simdjson::minify(item) +
                      ", expected an array of strings");
    }
    values.emplace_back(text);
  }
  return values;
}

std::int64_t JsonFile::require_integer(std::string_view key) const {
  if (const auto value = integer(key)) return *value;
  contents_->fail("has no key " + std::string(key) + ", expected an integer");
}

double JsonFile::require_number(std::string_view key) const {
  if (const auto value = number(key)) return *value;
  contents_->fail("has no key " + std::string(key) + ", expected a number");
}

}  // namespace circuit
