#include "transcoders/config_reader.h"

#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <sstream>
#include <system_error>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "transcoders/weights/mapped_file.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {

namespace {

/// Hears where documents begin, and nothing else.
class DocumentBegins : public YAML::EventHandler {
 public:
  YAML::Mark last;

  void OnDocumentStart(const YAML::Mark& mark) override { last = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {}
  void OnMapEnd() override {}
};

// Not by LoadAll, which finds documents in ",a" for ever.
std::optional<YAML::Mark> find_second_document(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  DocumentBegins begins;
  for (int i = 0; i < 2; ++i) {
    if (!parser.HandleNextDocument(begins)) return std::nullopt;
  }
  return begins.last;
}

}  // namespace

struct ConfigReader::Contents {
  std::string operation;
  std::filesystem::path path;
  std::map<std::string, YAML::Node> nodes;

  YAML::Node parse() const {
    const MappedFile file(path, operation);
    std::string text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    // yaml-cpp misses a quote that is never closed when white space ends the file.
    text.erase(text.find_last_not_of(" \t\r\n") + 1);
    try {
      if (text.empty()) fail("the file is empty");
      if (const auto second = find_second_document(text)) {
        fail_at(*second, "a second document, expected one");
      }
      return YAML::Load(text);
    } catch (const YAML::Exception& error) {
      fail_at(error.mark, "not YAML: " + error.msg);
    }
  }

  std::string scalar(const YAML::Node& node, const std::string& key) const {
    if (!node.IsScalar()) fail_at(node.Mark(), key + " is not plain text");
    return node.Scalar();
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error("[" + operation + "] " + path.string() + ": " + what);
  }
  /// yaml-cpp counts lines from 0.
  [[noreturn]] void fail_at(const YAML::Mark& mark, const std::string& what) const {
    if (mark.is_null()) fail(what);
    throw std::runtime_error("[" + operation + "] " + path.string() + ":" +
                             std::to_string(mark.line + 1) + ": " + what);
  }
};

ConfigReader::ConfigReader(std::string_view operation, const std::filesystem::path& path) {
  auto contents = std::make_shared<Contents>();
  contents->operation = operation;
  contents->path = path;
  const YAML::Node root = contents->parse();
  if (!root.IsMap()) contents->fail_at(root.Mark(), "no keys, expected model_kind and others");
  for (const auto& entry : root) {
    if (!entry.first.IsScalar()) contents->fail_at(entry.first.Mark(), "a key is not plain text");
    const std::string& key = entry.first.Scalar();
    if (entry.second.IsNull()) continue;  // "scan:" with nothing after it
    if (!contents->nodes.emplace(key, entry.second).second) {
      contents->fail_at(entry.first.Mark(), printable_name(key) + " stands twice");
    }
  }
  contents_ = std::move(contents);
}

const std::filesystem::path& ConfigReader::path() const { return contents_->path; }

std::optional<std::string> ConfigReader::text(const std::string& key) const {
  const auto found = contents_->nodes.find(key);
  if (found == contents_->nodes.end()) return std::nullopt;
  return contents_->scalar(found->second, key);
}

std::optional<bool> ConfigReader::flag(const std::string& key) const {
  const std::optional<std::string> word = text(key);
  if (!word) return std::nullopt;
  if (*word != "true" && *word != "false") fail_unexpected(key, *word, "true or false");
  return *word == "true";
}

std::optional<double> ConfigReader::positive_number(const std::string& key) const {
  const std::optional<std::string> digits = text(key);
  if (!digits) return std::nullopt;
  double number = 0;
  const char* end = digits->data() + digits->size();
  const auto [stop, error] = std::from_chars(digits->data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number) || !(number > 0)) {
    fail_unexpected(key, *digits, "a number > 0");
  }
  return number;
}

std::optional<std::int64_t> ConfigReader::positive_integer(const std::string& key) const {
  const std::optional<std::string> digits = text(key);
  if (!digits) return std::nullopt;
  std::int64_t number = 0;
  const char* end = digits->data() + digits->size();
  const auto [stop, error] = std::from_chars(digits->data(), end, number);
  if (error != std::errc() || stop != end || number < 1) {
    fail_unexpected(key, *digits, "a whole number > 0");
  }
  return number;
}

std::optional<std::vector<std::string>> ConfigReader::texts(const std::string& key,
                                                            std::string_view what) const {
  const auto found = contents_->nodes.find(key);
  if (found == contents_->nodes.end()) return std::nullopt;
  if (!found->second.IsSequence() || found->second.size() == 0) {
    fail_key(key, key + " is not a list of " + std::string(what));
  }
  std::vector<std::string> entries;
  for (const YAML::Node& entry : found->second) entries.push_back(contents_->scalar(entry, key));
  return entries;
}

void ConfigReader::fail(const std::string& what) const { contents_->fail(what); }

void ConfigReader::fail_key(const std::string& key, const std::string& what,
                            std::optional<std::size_t> index) const {
  const YAML::Node& node = contents_->nodes.at(key);
  contents_->fail_at(index ? node[*index].Mark() : node.Mark(), what);
}

void ConfigReader::fail_unexpected(const std::string& key, std::string_view found,
                                   const std::string& expected) const {
  fail_key(key, key + " is " + printable_name(found) + ", expected " + expected);
}

}  // namespace circuit
