#include "tracer/text/jinja/token_stream.h"

#include <algorithm>

#include "tracer/text/jinja/characters.h"
#include "tracer/text/jinja/place.h"

namespace circuit::jinja {

using Kind = Token::Kind;

const Token& TokenStream::peek(std::size_t ahead) const {
  return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
}

Token TokenStream::take() {
  Token token = peek();
  if (position_ + 1 < tokens_.size()) ++position_;
  return token;
}

bool TokenStream::at_name(std::string_view name, std::size_t ahead) const {
  return peek(ahead).kind == Kind::kName && peek(ahead).text == name;
}

bool TokenStream::at_operator(std::string_view text) const {
  return at(Kind::kOperator) && peek().text == text;
}

bool TokenStream::take_name(std::string_view name) {
  if (!at_name(name)) return false;
  take();
  return true;
}

bool TokenStream::take_operator(std::string_view text) {
  if (!at_operator(text)) return false;
  take();
  return true;
}

std::string TokenStream::expect_name(std::string_view what) {
  if (!at(Kind::kName)) refuse(what);
  return take().text;
}

void TokenStream::expect_operator(std::string_view text) {
  if (!take_operator(text)) refuse(text);
}

void TokenStream::expect(Kind kind, std::string_view what) {
  if (!at(kind)) refuse(what);
  take();
}

void TokenStream::fail(std::string_view what) const { fail_at(name_, peek().line, what); }

void TokenStream::refuse(std::string_view expected) const {
  std::string found = "end of the template";
  switch (peek().kind) {
    case Kind::kPrintEnd:
      found = "}}";
      break;
    case Kind::kBlockEnd:
      found = "%}";
      break;
    case Kind::kEnd:
      break;
    default:
      found = quoted(peek().text);
  }
  fail("unexpected " + found + ", expected " + std::string(expected));
}

}  // namespace circuit::jinja
