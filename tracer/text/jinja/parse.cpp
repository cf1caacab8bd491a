#include "tracer/text/jinja/parse.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "tracer/text/jinja/characters.h"
#include "tracer/text/jinja/parse_expression.h"
#include "tracer/text/jinja/token_stream.h"

namespace circuit::jinja {
namespace {

using Kind = Token::Kind;

constexpr int kMaxStatementDepth = 100;

class Parser {
 public:
  Parser(std::string_view source, std::string_view name)
      : tokens_(cut_template(source, name), name) {}

  Block whole() {
    Block block = body({});
    if (!tokens_.at(Kind::kEnd)) tokens_.refuse("a statement");
    return block;
  }

 private:
  /// Until a block that begins with one of `ends`, whose name is then the next token.
  Block body(std::initializer_list<std::string_view> ends);
  Block body_until(std::string_view end);
  void add_statement(Block& block);
  IfStatement if_statement();
  ForStatement for_statement();
  void add_set(Block& block, int line);
  MacroStatement macro_statement();
  ScopeStatement generation_statement();
  std::vector<Target> targets();
  Target target();
  void end_block() { tokens_.expect(Kind::kBlockEnd, "%}"); }

  TokenStream tokens_;
  int open_ = 0;
  int loops_ = 0;   // around the current statement, in the same macro
  int scopes_ = 0;  // in which no macro may be defined
};

Block Parser::body(std::initializer_list<std::string_view> ends) {
  if (++open_ > kMaxStatementDepth) tokens_.fail("statements are nested too deep");
  Block block;
  while (!tokens_.at(Kind::kEnd)) {
    const int line = tokens_.peek().line;
    if (tokens_.at(Kind::kText)) {
      block.emplace_back(line, TextStatement{tokens_.take().text});
    } else if (tokens_.at(Kind::kPrintBegin)) {
      tokens_.take();
      block.emplace_back(line, PrintStatement{parse_expressions(tokens_)});
      tokens_.expect(Kind::kPrintEnd, "}}");
    } else {
      tokens_.expect(Kind::kBlockBegin, "{%");
      const auto is_here = [this](std::string_view end) { return tokens_.at_name(end); };
      if (std::ranges::any_of(ends, is_here)) {
        --open_;
        return block;
      }
      add_statement(block);
    }
  }
  if (ends.size() > 0) tokens_.refuse("{% " + std::string(*(ends.end() - 1)) + " %}");
  --open_;
  return block;
}

Block Parser::body_until(std::string_view end) {
  Block block = body({end});
  tokens_.take();
  return block;
}

void Parser::add_statement(Block& block) {
  const int line = tokens_.peek().line;
  const std::string word = tokens_.at(Kind::kName) ? tokens_.peek().text : "";
  if (word == "set") {
    add_set(block, line);
  } else if (word == "if") {
    block.emplace_back(line, if_statement());
  } else if (word == "for") {
    block.emplace_back(line, for_statement());
  } else if (word == "macro") {
    block.emplace_back(line, macro_statement());
  } else if (word == "generation") {
    block.emplace_back(line, generation_statement());
  } else if (word == "break" || word == "continue") {
    if (loops_ == 0) tokens_.fail(word + " is outside of a loop");
    tokens_.take();
    if (word == "break") {
      block.emplace_back(line, BreakStatement{});
    } else {
      block.emplace_back(line, ContinueStatement{});
    }
  } else {
    tokens_.refuse("one of if, for, set, macro, break, continue, generation, raw");
  }
  end_block();
}

IfStatement Parser::if_statement() {
  IfStatement result;
  bool is_else = false;
  do {
    is_else = tokens_.take().text == "else";
    IfStatement::Branch branch;
    if (!is_else) branch.condition = parse_expressions(tokens_);
    end_block();
    branch.body = is_else ? body({"endif"}) : body({"elif", "else", "endif"});
    result.branches.push_back(std::move(branch));
  } while (!tokens_.at_name("endif"));
  tokens_.take();
  return result;
}

ForStatement Parser::for_statement() {
  tokens_.take();
  std::vector<Target> names = targets();
  for (const Target& one : names) {
    if (!one.space.empty()) tokens_.fail("a loop cannot set " + one.space + "." + one.name);
  }
  if (!tokens_.take_name("in")) tokens_.refuse("in");
  ForStatement result{.targets = std::move(names), .items = parse_simple_expression(tokens_)};
  if (tokens_.take_name("if")) result.condition = parse_expression(tokens_);
  if (tokens_.at_name("recursive")) tokens_.fail("recursive loops are not supported");
  end_block();
  ++loops_;
  ++scopes_;
  result.body = body({"else", "endfor"});
  --loops_;
  if (tokens_.take_name("else")) {
    end_block();
    result.otherwise = body({"endfor"});
  }
  --scopes_;
  tokens_.take();
  return result;
}

void Parser::add_set(Block& block, int line) {
  tokens_.take();
  std::vector<Target> names = targets();
  if (tokens_.take_operator("=")) {
    block.emplace_back(line, SetStatement{std::move(names), parse_expressions(tokens_)});
    return;
  }
  if (names.size() != 1) tokens_.refuse("=");
  SetBlockStatement result{.target = std::move(names.front()), .filters = parse_filters(tokens_)};
  end_block();
  ++scopes_;
  result.body = body_until("endset");
  --scopes_;
  block.emplace_back(line, std::move(result));
}

MacroStatement Parser::macro_statement() {
  tokens_.take();
  if (scopes_ > 0) tokens_.fail("a macro inside a loop, a macro or a block is not supported");
  MacroStatement result{.name = tokens_.expect_name("the macro's name")};
  tokens_.expect_operator("(");
  while (!tokens_.take_operator(")")) {
    if (!result.parameters.empty()) tokens_.expect_operator(",");
    MacroStatement::Parameter parameter{.name = tokens_.expect_name("a parameter")};
    if (tokens_.take_operator("=")) {
      parameter.initial = parse_expression(tokens_);
    } else if (!result.parameters.empty() && result.parameters.back().initial) {
      tokens_.fail("a parameter without a default behind one with a default");
    }
    result.parameters.push_back(std::move(parameter));
  }
  end_block();
  ++scopes_;
  const int outer_loops = std::exchange(loops_, 0);
  result.body = body_until("endmacro");
  loops_ = outer_loops;
  --scopes_;
  if (tokens_.at_name(result.name)) tokens_.take();
  return result;
}

ScopeStatement Parser::generation_statement() {
  tokens_.take();
  end_block();
  ++scopes_;
  const int outer_loops = std::exchange(loops_, 0);
  ScopeStatement result{.body = body_until("endgeneration")};
  loops_ = outer_loops;
  --scopes_;
  return result;
}

std::vector<Target> Parser::targets() {
  const bool is_bracketed = tokens_.take_operator("(");
  std::vector<Target> result = {target()};
  while (tokens_.take_operator(",")) {
    if (!tokens_.at(Kind::kName)) break;
    result.push_back(target());
  }
  if (is_bracketed) tokens_.expect_operator(")");
  return result;
}

Target Parser::target() {
  Target result{.name = tokens_.expect_name("a name"), .space = {}};
  for (const std::string_view word : {"true", "false", "none", "True", "False", "None", "loop"}) {
    if (result.name == word) tokens_.fail("cannot set " + quoted(word));
  }
  if (!tokens_.take_operator(".")) return result;
  result.space = std::exchange(result.name, tokens_.expect_name("a name"));
  return result;
}

}  // namespace

Block parse_template(std::string_view source, std::string_view name) {
  return Parser(source, name).whole();
}

}  // namespace circuit::jinja
