#include "tracer/text/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "tracer/text/jinja/characters.h"
#include "tracer/text/jinja/place.h"
#include "tracer/text/jinja/string_literal.h"

namespace circuit::jinja {
namespace {

using Kind = Token::Kind;

// Jinja reads \r\n and \r as \n, and leaves out one line break at the end.
std::string normalize_lines(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
    } else {
      text += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

bool is_name_begin(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_part(char c) { return is_name_begin(c) || is_digit(c); }

class Lexer {
 public:
  Lexer(std::string_view source, std::string_view name)
      : source_(normalize_lines(source)), name_(name) {}

  std::vector<Token> cut() {
    while (position_ < source_.size()) cut_until_tag();
    add(Kind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(std::string_view what) const { fail_at(name_, line_, what); }

  std::string_view rest() const { return std::string_view(source_).substr(position_); }
  bool at(std::string_view text) const { return rest().starts_with(text); }

  void advance(std::size_t count) {
    const auto begin = source_.begin() + static_cast<std::ptrdiff_t>(position_);
    line_ += static_cast<int>(std::count(begin, begin + static_cast<std::ptrdiff_t>(count), '\n'));
    position_ += count;
  }

  void add(Kind kind, std::string text) {
    tokens_.push_back({.kind = kind, .text = std::move(text), .line = line_});
  }

  /// The position of the next {{, {% or {#, else the end.
  std::size_t find_tag() const {
    for (std::size_t i = position_; i + 1 < source_.size(); ++i) {
      if (source_[i] != '{') continue;
      const char next = source_[i + 1];
      if (next == '{' || next == '%' || next == '#') return i;
    }
    return source_.size();
  }

  /// The text before a tag at `end`, without what the tag's sign or lstrip_blocks takes.
  std::string_view stripped(std::size_t end, char sign, bool is_print) const {
    const std::string_view text = std::string_view(source_).substr(position_, end - position_);
    if (sign == '-') return text.substr(0, trimmed_end(text));
    if (sign == '+' || is_print) return text;
    const std::size_t line_break = text.rfind('\n');
    const bool is_line_begin = position_ == 0 || source_[position_ - 1] == '\n';
    if (line_break == text.npos && !is_line_begin) return text;
    const std::size_t line = line_break == text.npos ? 0 : line_break + 1;
    return trimmed_end(text.substr(line)) == 0 ? text.substr(0, line) : text;
  }

  char sign_at(std::size_t position) const {
    const bool is_there =
        position < source_.size() && (source_[position] == '-' || source_[position] == '+');
    return is_there ? source_[position] : '\0';
  }

  void add_text_before(std::size_t tag, char sign, bool is_print) {
    const std::string_view text = stripped(tag, sign, is_print);
    if (!text.empty()) add(Kind::kText, std::string(text));
    advance(tag - position_);
  }

  void cut_until_tag() {
    const std::size_t tag = find_tag();
    if (tag == source_.size()) {
      add(Kind::kText, std::string(rest()));
      advance(rest().size());
      return;
    }
    const char sign = sign_at(tag + 2);
    const char type = source_[tag + 1];
    add_text_before(tag, sign, /*is_print=*/type == '{');
    if (type == '#') {
      skip_comment();
      return;
    }
    if (type == '%' && take_raw()) return;
    add(type == '{' ? Kind::kPrintBegin : Kind::kBlockBegin, "");
    advance(sign == '\0' ? 2 : 3);
    cut_tag(type == '{' ? "}}" : "%}");
  }

  /// Takes what closes a tag at the position: `sign` and `close`, and the white space behind it.
  bool take_close(std::string_view close, bool takes_line_break) {
    const std::string dash = "-" + std::string(close);
    if (at(dash)) {
      advance(dash.size());
      advance(trimmed_begin(rest()));
      return true;
    }
    if (takes_line_break && at("+" + std::string(close))) {
      advance(close.size() + 1);
      return true;
    }
    if (!at(close)) return false;
    advance(close.size());
    if (takes_line_break && at("\n")) advance(1);
    return true;
  }

  void skip_comment() {
    const int begin = line_;
    advance(2);
    while (position_ < source_.size()) {
      if (take_close("#}", /*takes_line_break=*/true)) return;
      advance(1);
    }
    fail_at(name_, begin, "a comment that begins here does not end, expected #}");
  }

  /// The length of `{%- word -%}` at the position, and nothing when there is something else.
  std::optional<std::size_t> match_block(std::string_view word) const {
    std::string_view text = rest().substr(2);
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
    text.remove_prefix(trimmed_begin(text));
    if (!text.starts_with(word)) return std::nullopt;
    text.remove_prefix(word.size());
    text.remove_prefix(trimmed_begin(text));
    if (!text.starts_with("%}") && !text.starts_with("-%}") && !text.starts_with("+%}")) {
      return std::nullopt;
    }
    return static_cast<std::size_t>(text.data() - rest().data());
  }

  bool take_raw() {
    const auto length = match_block("raw");
    if (!length) return false;
    const int begin = line_;
    advance(*length);
    take_close("%}", /*takes_line_break=*/false);
    for (std::size_t end = position_; (end = source_.find("{%", end)) != source_.npos; end += 2) {
      const std::size_t start = position_;
      position_ = end;
      const auto closing = match_block("endraw");
      position_ = start;
      if (!closing) continue;
      add_text_before(end, sign_at(end + 2), /*is_print=*/false);
      advance(*closing);
      take_close("%}", /*takes_line_break=*/true);
      return true;
    }
    fail_at(name_, begin, "raw text that begins here does not end, expected {% endraw %}");
  }

  void cut_tag(std::string_view close) {
    const int begin = line_;
    std::string open;  // brackets, which must close first
    while (position_ < source_.size()) {
      if (const std::size_t space = trimmed_begin(rest()); space > 0) {
        advance(space);
        continue;
      }
      if (open.empty()) {
        const Kind kind = close == "}}" ? Kind::kPrintEnd : Kind::kBlockEnd;
        const int line = line_;
        if (take_close(close, /*takes_line_break=*/kind == Kind::kBlockEnd)) {
          tokens_.push_back({.kind = kind, .line = line});
          return;
        }
      }
      cut_token(open);
    }
    fail_at(name_, begin, "a tag that begins here does not end, expected " + std::string(close));
  }

  void cut_token(std::string& open) {
    const char c = source_[position_];
    if (is_name_begin(c)) {
      const auto end = std::ranges::find_if_not(rest(), is_name_part);
      take(Kind::kName, static_cast<std::size_t>(end - rest().begin()));
    } else if (is_digit(c)) {
      cut_number();
    } else if (c == '"' || c == '\'') {
      cut_string(c);
    } else {
      cut_operator(open);
    }
  }

  void take(Kind kind, std::size_t length) {
    add(kind, std::string(rest().substr(0, length)));
    advance(length);
  }

  /// Digits with single underscores between them.
  static std::size_t skip_digits(std::string_view text, std::size_t at) {
    while (at < text.size() && (is_digit(text[at]) || (text[at] == '_' && at + 1 < text.size() &&
                                                       is_digit(text[at + 1])))) {
      ++at;
    }
    return at;
  }

  void cut_number() {
    const std::string_view text = rest();
    std::size_t end = skip_digits(text, 0);
    const std::size_t whole = end;
    if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) {
      end = skip_digits(text, end + 1);
    }
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
      const bool has_sign = end + 1 < text.size() && (text[end + 1] == '+' || text[end + 1] == '-');
      const std::size_t digits = end + (has_sign ? 2 : 1);
      if (digits < text.size() && is_digit(text[digits])) end = skip_digits(text, digits);
    }
    std::string number(text.substr(0, end));
    std::erase(number, '_');
    Token token{.kind = end > whole ? Kind::kFloat : Kind::kInteger, .line = line_};
    const char* const last = number.data() + number.size();
    const auto error = end > whole ? std::from_chars(number.data(), last, token.number).ec
                                   : std::from_chars(number.data(), last, token.integer).ec;
    if (error != std::errc() || (end < text.size() && is_name_part(text[end]))) {
      fail("a number that begins " + number.substr(0, 20) +
           " is not supported, expected at most 64 bits and digits only");
    }
    tokens_.push_back(std::move(token));
    advance(end);
  }

  void cut_string(char quote) {
    const std::string_view text = rest();
    std::size_t end = 1;
    while (end < text.size() && text[end] != quote) end += text[end] == '\\' ? 2 : 1;
    if (end >= text.size()) fail("a string that begins here does not end");
    std::string error;
    std::string value = unescape_string(text.substr(1, end - 1), error);
    if (!error.empty()) fail(error);
    add(Kind::kString, std::move(value));
    advance(end + 1);
  }

  void cut_operator(std::string& open) {
    static constexpr std::array<std::string_view, 25> kOperators = {
        "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
        "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ","};
    const auto* const found =
        std::ranges::find_if(kOperators, [this](std::string_view one) { return at(one); });
    if (found == kOperators.end()) {
      fail("unexpected character " + quoted(first_character(rest())));
    }
    const char c = found->front();
    if (c == '(' || c == '[' || c == '{') open += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c == ')' || c == ']' || c == '}') {
      if (open.empty() || open.back() != c) fail("unexpected " + quoted(std::string_view(&c, 1)));
      open.pop_back();
    }
    take(Kind::kOperator, found->size());
  }

  std::string source_;
  std::string_view name_;
  std::size_t position_ = 0;
  int line_ = 1;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> cut_template(std::string_view source, std::string_view name) {
  return Lexer(source, name).cut();
}

}  // namespace circuit::jinja
