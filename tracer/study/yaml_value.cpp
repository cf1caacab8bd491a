#include "tracer/study/yaml_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>
#include <system_error>

#include <yaml-cpp/yaml.h>

#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

constexpr std::uintmax_t kMostBytes = 16U << 20;

struct Source {
  std::filesystem::path path;
  std::string operation;

  [[noreturn]] void fail(const YAML::Mark& mark, const std::string& what) const {
    // yaml-cpp counts lines from 0.
    const std::string line = mark.is_null() ? "" : ":" + std::to_string(mark.line + 1);
    throw std::runtime_error("[" + operation + "] " + path.string() + line + ": " + what);
  }
};

std::string read_whole(const Source& source) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(source.path, error);
  std::ifstream stream;
  if (!error) stream.open(source.path, std::ios::binary);
  if (!stream.is_open()) {
    source.fail(YAML::Mark::null_mark(), "cannot be read, expected a YAML file");
  }
  if (size > kMostBytes) {
    source.fail(YAML::Mark::null_mark(),
                "has " + std::to_string(size) + " bytes, expected 16 MiB at most");
  }
  std::string text(std::istreambuf_iterator<char>(stream), {});
  // yaml-cpp misses a quote that is never closed when white space ends the file.
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

std::optional<double> parse_number(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace

struct YamlValue::Node {
  std::shared_ptr<const Source> source;
  YAML::Node node;
};

YamlValue YamlValue::read(const std::filesystem::path& path, const std::string& operation) {
  const auto source = std::make_shared<const Source>(Source{path, operation});
  const std::string text = read_whole(*source);
  try {
    return YamlValue(std::make_shared<const Node>(Node{source, YAML::Load(text)}));
  } catch (const YAML::Exception& error) {
    source->fail(error.mark, "is no YAML: " + error.msg);
  }
}

bool YamlValue::is_list() const { return node_->node.IsSequence(); }
bool YamlValue::is_map() const { return node_->node.IsMap(); }

std::string YamlValue::text(const std::string& what) const {
  if (!node_->node.IsScalar()) fail(what + " is no text, expected one");
  return node_->node.Scalar();
}

double YamlValue::number(const std::string& what) const {
  const std::string found = text(what);
  const auto number = parse_number(found);
  if (!number) fail(what + " is " + printable_name(found) + ", expected a finite number");
  return *number;
}

std::int64_t YamlValue::integer(const std::string& what, std::int64_t least) const {
  const std::string found = text(what);
  std::int64_t number = 0;
  const char* const end = found.data() + found.size();
  const auto [stop, error] = std::from_chars(found.data(), end, number);
  if (error != std::errc() || stop != end || number < least) {
    fail(what + " is " + printable_name(found) + ", expected a whole number of at least " +
         std::to_string(least));
  }
  return number;
}

std::vector<YamlValue> YamlValue::list(const std::string& what) const {
  if (!is_list()) return {*this};
  std::vector<YamlValue> values;
  for (const YAML::Node& node : node_->node) {
    values.push_back(YamlValue(std::make_shared<const Node>(Node{node_->source, node})));
  }
  if (values.empty()) fail(what + " is an empty list, expected something in it");
  return values;
}

std::vector<std::string> YamlValue::texts(const std::string& what) const {
  std::vector<std::string> found;
  for (const YamlValue& value : list(what)) found.push_back(value.text("an entry of " + what));
  return found;
}

std::vector<double> YamlValue::numbers(const std::string& what) const {
  std::vector<double> found;
  for (const YamlValue& value : list(what)) found.push_back(value.number("an entry of " + what));
  return found;
}

std::vector<std::pair<std::string, YamlValue>> YamlValue::members(const std::string& what) const {
  if (!is_map()) fail(what + " has no keys, expected KEY: VALUE");
  std::vector<std::pair<std::string, YamlValue>> found;
  std::set<std::string> seen;
  for (const auto& entry : node_->node) {
    const YamlValue key(std::make_shared<const Node>(Node{node_->source, entry.first}));
    const std::string name = key.text("a key of " + what);
    if (!seen.insert(name).second) key.fail(printable_name(name) + " stands twice in " + what);
    if (entry.second.IsNull()) continue;
    found.emplace_back(name,
                       YamlValue(std::make_shared<const Node>(Node{node_->source, entry.second})));
  }
  return found;
}

void YamlValue::fail(const std::string& what) const {
  node_->source->fail(node_->node.Mark(), what);
}

YamlMap::YamlMap(const YamlValue& value, std::string what)
    : value_(value), what_(std::move(what)), members_(value.members(what_)) {}

std::optional<YamlValue> YamlMap::find(const std::string& key) {
  known_.push_back(key);
  const auto found = std::ranges::find(members_, key, &std::pair<std::string, YamlValue>::first);
  if (found == members_.end()) return std::nullopt;
  return found->second;
}

YamlValue YamlMap::need(const std::string& key) {
  auto found = find(key);
  if (!found) fail(what_ + " has no " + key + ", expected one");
  return *found;
}

void YamlMap::finish() const {
  for (const auto& [key, value] : members_) {
    if (std::ranges::find(known_, key) != known_.end()) continue;
    std::string expected;
    for (const std::string& known : known_) expected += (expected.empty() ? "" : ", ") + known;
    value.fail(what_ + " has no key " + printable_name(key) + ", expected " + expected);
  }
}

}  // namespace circuit
