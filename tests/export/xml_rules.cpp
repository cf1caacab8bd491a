#include "tests/export/xml_rules.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace circuit::testing {
namespace {

bool is_reference(std::string_view name) {
  if (name == "amp" || name == "lt" || name == "gt" || name == "quot" || name == "apos")
    return true;
  if (name.size() < 2 || name[0] != '#') return false;
  const bool hexadecimal = name[1] == 'x';
  const std::string digits(name.substr(hexadecimal ? 2 : 1));
  if (digits.empty() || digits.size() > 6) return false;
  const char* allowed = hexadecimal ? "0123456789abcdefABCDEF" : "0123456789";
  if (digits.find_first_not_of(allowed) != std::string::npos) return false;
  const int code = std::stoi(digits, nullptr, hexadecimal ? 16 : 10);
  return code == 9 || code == 10 || code == 13 || (code >= 32 && code != 0xFFFE && code != 0xFFFF);
}

/// "" when character data is fine.
std::string text_error(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 32 && byte != '\n' && byte != '\t' && byte != '\r') return "control character";
    if (text[i] == '<') return "< in text";
    if (text.substr(i, 3) == "]]>") return "]]> in text";
    if (text[i] != '&') continue;
    const std::size_t end = text.find(';', i);
    if (end == std::string_view::npos || !is_reference(text.substr(i + 1, end - i - 1))) {
      return "& without a reference";
    }
  }
  return "";
}

/// A parser that walks over one document and remembers the open elements.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::string run() {
    while (!rest_.empty() && error_.empty()) {
      const std::string_view before = rest_;
      step();
      if (!error_.empty()) error_ += " at: " + std::string(before.substr(0, 120));
    }
    if (error_.empty() && !open_.empty()) error_ = open_.back() + " is not closed";
    return error_;
  }

 private:
  void step() {
    if (skip("<?", "?>") || skip("<!--", "-->") || skip("<!DOCTYPE", ">")) return;
    if (rest_.front() == '<') {
      tag();
      return;
    }
    const std::string_view text = take(rest_.find('<'));
    error_ = text_error(text);
    if (open_.empty() && text.find_first_not_of(" \n\t\r") != std::string_view::npos) {
      error_ = "text outside the document";
    }
  }

  bool skip(std::string_view begin, std::string_view end) {
    if (!rest_.starts_with(begin)) return false;
    const std::size_t at = rest_.find(end, begin.size());
    if (at == std::string_view::npos) error_ = "no end of " + std::string(begin);
    if (begin == "<!--" && rest_.substr(4, at - 4).find("--") != std::string_view::npos) {
      error_ = "-- in a comment";
    }
    take(at == std::string_view::npos ? at : at + end.size());
    return true;
  }

  std::string_view take(std::size_t length) {
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  void tag() {
    take(1);
    const bool closing = rest_.starts_with('/');
    if (closing) take(1);
    const std::string name(take(rest_.find_first_of(" \n\t\r/>")));
    if (closing) {
      if (open_.empty() || open_.back() != name) error_ = "</" + name + "> closes nothing";
      if (!open_.empty()) open_.pop_back();
    } else {
      open_.push_back(name);
      attributes();
    }
    if (error_.empty() && take(1) != ">") error_ = "a tag does not end";
  }

  void attributes() {
    std::set<std::string_view> names;
    while (error_.empty()) {
      take(std::min(rest_.find_first_not_of(" \n\t\r"), rest_.size()));
      if (rest_.starts_with('/')) {
        take(1);
        open_.pop_back();
        return;
      }
      if (rest_.empty() || rest_.front() == '>') return;
      if (!names.insert(take(rest_.find('='))).second) error_ = "an attribute stands twice";
      take(1);
      if (take(1) != "\"") error_ = "an attribute is not quoted";
      const std::string wrong = text_error(take(rest_.find('"')));
      if (!wrong.empty()) error_ = wrong;
      take(1);
    }
  }

  std::string_view rest_;
  std::vector<std::string> open_;
  std::string error_;
};

std::string decoded(std::string_view text) {
  static const std::map<std::string, std::string, std::less<>> kEntities = {
      {"&amp;", "&"},   {"&lt;", "<"},  {"&gt;", ">"},
      {"&quot;", "\""}, {"&#39;", "'"}, {"&#45;", "-"}};
  std::string out;
  while (!text.empty()) {
    const auto found = std::ranges::find_if(
        kEntities, [&](const auto& entity) { return text.starts_with(entity.first); });
    const bool entity = found != kEntities.end();
    out += entity ? found->second : std::string(text.substr(0, 1));
    text.remove_prefix(entity ? found->first.size() : 1);
  }
  return out;
}

}  // namespace

std::string first_xml_error(std::string_view text) { return Parser(text).run(); }

std::string texts_of(std::string_view xml, std::string_view name) {
  const std::string open = "<" + std::string(name), close = "</" + std::string(name) + ">";
  std::string out;
  for (std::size_t at = xml.find(open); at != std::string_view::npos; at = xml.find(open, at + 1)) {
    const std::size_t begin = xml.find('>', at) + 1;
    out += decoded(xml.substr(begin, xml.find(close, begin) - begin)) + "\n";
  }
  return out;
}

}  // namespace circuit::testing
