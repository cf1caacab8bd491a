#include "tracer/text/regex_syntax.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace circuit {
namespace {

// PCRE2's own \s also holds U+180E.
constexpr std::string_view kSpaceSet = R"(\x{9}-\x{D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A})"
                                       R"(\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";
constexpr std::string_view kWordSet = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";
// Oniguruma 6.9.10, by test of every character: outside character classes \w also holds the
// superscript digits and fractions of Latin-1.
constexpr std::string_view kBareWordSet =
    R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE})";

constexpr std::array<std::string_view, 39> kSharedProperties = {
    "L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M",  "Mn", "Mc", "Me", "N",  "Nd",         "Nl",
    "No", "P",  "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S",  "Sm", "Sc",         "Sk",
    "So", "Z",  "Zs", "Zl", "Zp", "C",  "Cc", "Cf", "Cn", "Co", "Cs", "Alphabetic", "White_Space"};

constexpr std::array<std::string_view, 8> kGroupBegins = {"(?:",  "(?=",  "(?!",  "(?>",
                                                          "(?<=", "(?<!", "(?i:", "(?-i:"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

class Translation {
 public:
  explicit Translation(std::string_view pattern) : rest_(pattern), pattern_(pattern) {}

  std::string run() {
    if (rest_.starts_with("(?i)")) copy(4);
    while (!rest_.empty()) {
      if (rest_[0] == '\\') {
        translate_escape();
      } else if (in_class_) {
        translate_in_class();
      } else {
        translate_outside_class();
      }
    }
    if (in_class_) refuse("a character class without end");
    return std::move(result_);
  }

 private:
  [[noreturn]] void refuse(std::string_view what) const {
    throw std::invalid_argument("[translate_pattern] not supported: " + std::string(what) +
                                " in the pattern " + std::string(pattern_));
  }

  void copy(std::size_t count) { emit(count, rest_.substr(0, count)); }

  void emit(std::size_t consumed, std::string_view text) {
    result_ += text;
    rest_.remove_prefix(consumed);
  }

  void emit_set(std::string_view set, bool negated) {
    if (in_class_) {
      emit(2, set);
    } else {
      emit(2, std::string(negated ? "[^" : "[") + std::string(set) + "]");
    }
  }

  void translate_in_class() {
    if (rest_[0] == '[') refuse("a character class inside another");
    if (rest_.starts_with("&&")) refuse("an intersection of character classes");
    if (rest_[0] == ']') in_class_ = false;
    copy(1);
  }

  void translate_outside_class() {
    switch (rest_[0]) {
      case '[':
        in_class_ = true;
        copy(rest_.starts_with("[^") ? 2 : 1);
        if (rest_.starts_with("]")) refuse("a character class that begins with ]");
        break;
      case '(':
        translate_group();
        break;
      case '{':
        translate_interval();
        break;
      default:
        copy(1);
    }
  }

  void translate_group() {
    if (rest_.starts_with("(*")) refuse("(*");
    if (!rest_.starts_with("(?")) return copy(1);
    for (const std::string_view begin : kGroupBegins) {
      if (rest_.starts_with(begin)) return copy(begin.size());
    }
    refuse("the group " + std::string(rest_.substr(0, 4)));
  }

  // Ruby reads `{2}?` as an optional pair and `{2}+` as a repeated one, PCRE2 as lazy and
  // possessive.
  void translate_interval() {
    std::size_t end = 1;
    while (end < rest_.size() && (is_digit(rest_[end]) || rest_[end] == ',')) ++end;
    const bool is_interval = end > 1 && is_digit(rest_[1]) && end < rest_.size() &&
                             rest_[end] == '}' && std::ranges::count(rest_.substr(0, end), ',') < 2;
    if (!is_interval) refuse("the brace " + std::string(rest_.substr(0, end + 1)));
    const bool is_exact = rest_.substr(0, end).find(',') == std::string_view::npos;
    copy(end + 1);
    if (rest_.starts_with("+") || (is_exact && rest_.starts_with("?"))) {
      refuse("the suffix " + std::string(rest_.substr(0, 1)) + " of a repetition in braces");
    }
  }

  void translate_escape() {
    if (rest_.size() < 2) refuse("a backslash at the end");
    const char c = rest_[1];
    if (c == 's') return emit_set(kSpaceSet, /*negated=*/false);
    if (c == 'w') return emit_set(in_class_ ? kWordSet : kBareWordSet, /*negated=*/false);
    if (c == 'S' && in_class_) return emit(2, R"(\P{White_Space})");
    if (c == 'S') return emit_set(kSpaceSet, /*negated=*/true);
    if (c == 'W' && !in_class_) return emit_set(kBareWordSet, /*negated=*/true);
    if (c == 'p' || c == 'P') return translate_property();
    if (c == 'x' || c == 'u') return translate_code_point();
    if (c == 'v') return emit(2, R"(\x{B})");
    const bool is_shared = std::string_view("dDrntfea").find(c) != std::string_view::npos;
    const bool is_anchor = !in_class_ && (c == 'A' || c == 'z');
    if (!is_shared && !is_anchor && (is_digit(c) || is_letter(c))) refuse(rest_.substr(0, 2));
    if (static_cast<unsigned char>(c) >= 0x80) return emit(1, "");
    copy(2);
  }

  void translate_property() {
    const std::size_t end = rest_.find('}');
    if (rest_.size() < 3 || rest_[2] != '{' || end == std::string_view::npos) {
      refuse("a property without braces");
    }
    std::string_view name = rest_.substr(3, end - 3);
    const bool is_negated = name.starts_with("^");
    if (is_negated && rest_[1] == 'P') refuse("a property negated twice");
    if (is_negated) name.remove_prefix(1);
    const bool is_shared = std::ranges::find(kSharedProperties, name) != kSharedProperties.end();
    const bool is_script = name.size() > 2 && std::ranges::all_of(name, [](char c) {
                             return is_letter(c) || c == '_';
                           });
    if (!is_shared && !is_script) refuse("the property " + std::string(name));
    // PCRE2's plain script names include script extensions.
    emit(end + 1, "\\" + std::string(1, rest_[1]) + "{" + (is_negated ? "^" : "") +
                      (is_shared ? "" : "sc:") + std::string(name) + "}");
  }

  // \xHH, \x{H...} and \uHHHH.
  void translate_code_point() {
    const bool has_braces = rest_[1] == 'x' && rest_.size() > 2 && rest_[2] == '{';
    const std::size_t begin = has_braces ? 3 : 2;
    const std::size_t limit = has_braces ? 8 : (rest_[1] == 'x' ? 2 : 4);
    std::size_t end = begin;
    while (end < rest_.size() && end - begin < limit && is_hex_digit(rest_[end])) ++end;
    const std::string digits(rest_.substr(begin, end - begin));
    const bool is_complete = has_braces ? !digits.empty() && end < rest_.size() && rest_[end] == '}'
                                        : digits.size() == limit;
    const bool is_byte = rest_[1] == 'x' && !has_braces && is_complete && digits[0] >= '8';
    if (!is_complete || is_byte) refuse(rest_.substr(0, end));
    emit(has_braces ? end + 1 : end, "\\x{" + digits + "}");
  }

  std::string_view rest_;
  std::string_view pattern_;
  std::string result_;
  bool in_class_ = false;
};

}  // namespace

std::string translate_pattern(std::string_view pattern) { return Translation(pattern).run(); }

}  // namespace circuit
