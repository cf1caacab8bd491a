// The tokens of a template, read one after another.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/text/jinja/lexer.h"

namespace circuit::jinja {

class TokenStream {
 public:
  /// The last token is of kind kEnd.
  TokenStream(std::vector<Token> tokens, std::string_view name)
      : tokens_(std::move(tokens)), name_(name) {}

  const Token& peek(std::size_t ahead = 0) const;
  Token take();

  bool at(Token::Kind kind) const { return peek().kind == kind; }
  bool at_name(std::string_view name, std::size_t ahead = 0) const;
  bool at_operator(std::string_view text) const;
  /// Take the token if it is this one.
  bool take_name(std::string_view name);
  bool take_operator(std::string_view text);
  /// Fail if the token is another one.
  std::string expect_name(std::string_view what);
  void expect_operator(std::string_view text);
  void expect(Token::Kind kind, std::string_view what);

  [[noreturn]] void fail(std::string_view what) const;
  /// `unexpected 'x', expected WHAT`
  [[noreturn]] void refuse(std::string_view expected) const;

 private:
  std::vector<Token> tokens_;
  std::string_view name_;
  std::size_t position_ = 0;
};

}  // namespace circuit::jinja
