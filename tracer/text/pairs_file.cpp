#include "tracer/text/pairs_file.h"

#include <fstream>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <simdjson.h>

#include "tracer/text/json_kind.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

using simdjson::dom::element;

class LineReader {
 public:
  LineReader(const std::filesystem::path& path, std::size_t line)
      : start_("[read_pairs] " + path.string() + ":" + std::to_string(line) + ": ") {}

  [[noreturn]] void fail(const std::string& what) const { throw std::runtime_error(start_ + what); }

  PairEntry read(simdjson::dom::parser& parser, const std::string& text, std::size_t line) const {
    element root;
    const auto error = parser.parse(text).get(root);
    if (error != simdjson::SUCCESS) {
      fail(std::string("is no JSON (") + simdjson::error_message(error) +
           "), expected an object on one line");
    }
    simdjson::dom::object object;
    if (root.get(object) != simdjson::SUCCESS) {
      fail("is " + kind_of(root) + ", expected an object");
    }
    PairEntry entry{.line = line, .id = std::to_string(line)};
    for (const auto [key, value] : object) {
      for (const auto& [name, member] :
           {std::pair("id", &entry.id), std::pair("from", &entry.from), std::pair("to", &entry.to),
            std::pair("split", &entry.split)}) {
        if (key == name && !value.is_null()) *member = member_text(value, name);
      }
    }
    if (entry.from.empty() || entry.to.empty()) {
      fail(std::string("has no ") + (entry.from.empty() ? "from" : "to") +
           ", expected the ids of two prompts");
    }
    if (entry.from == entry.to) fail("from and to are the same prompt, expected two");
    return entry;
  }

 private:
  // Whole numbers are names too, in files that other programs number.
  std::string member_text(const element& value, const std::string& key) const {
    std::int64_t number = 0;
    if (value.get(number) == simdjson::SUCCESS) return std::to_string(number);
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) {
      fail(key + " is " + kind_of(value) + ", expected a string");
    }
    return std::string(text);
  }

  std::string start_;
};

}  // namespace

std::vector<PairEntry> read_pairs_file(const std::filesystem::path& path) {
  std::ifstream stream;
  if (!std::filesystem::is_directory(path)) stream.open(path, std::ios::binary);
  if (!stream.is_open()) {
    throw std::runtime_error("[read_pairs] " + path.string() +
                             ": cannot be read, expected a file with one JSON object a line");
  }
  std::vector<PairEntry> pairs;
  std::map<std::string, std::size_t> lines;  // -> the line that has this id
  simdjson::dom::parser parser;
  std::size_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const LineReader reader(path, number);
    pairs.push_back(reader.read(parser, line, number));
    const auto [first, is_new] = lines.emplace(pairs.back().id, number);
    if (!is_new) {
      reader.fail("id " + printable_name(pairs.back().id) + " is that of line " +
                  std::to_string(first->second) + " too, expected each once");
    }
  }
  if (pairs.empty()) {
    throw std::runtime_error("[read_pairs] " + path.string() +
                             ": holds no pair, expected one JSON object a line");
  }
  return pairs;
}

}  // namespace circuit
