#include "tracer/text/jinja/parse_expression.h"

#include <algorithm>
#include <array>
#include <utility>

namespace circuit::jinja {
namespace {

using Kind = Expression::Kind;
using Symbol = std::pair<std::string_view, Operator>;

// `a.b.c` and `a + b + c` are three levels too, so the tree may be deeper than its brackets are.
constexpr int kMaxDepth = 200;
constexpr int kMaxOpen = 60;

template <typename... Parts>
std::vector<Expression> list_of(Parts... parts) {
  std::vector<Expression> list;
  (list.push_back(std::move(parts)), ...);
  return list;
}

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  Expression conditional();
  Expression disjunction();
  Expression tuple();
  std::vector<Expression> filters();

 private:
  void open() {
    if (++open_ > kMaxOpen) tokens_.fail("expressions are nested too deep");
  }
  Expression node(Kind kind, std::vector<Expression> children, std::string name = {});
  Expression literal(Value value) const;
  template <std::size_t N, typename Operand>
  Expression binary(const std::array<Symbol, N>& symbols, const Operand& operand);

  Expression conjunction();
  Expression negation();
  Expression comparison();
  Expression sum();
  Expression concatenation();
  Expression product();
  Expression power();
  Expression unary(bool with_filters);
  Expression primary();
  Expression name_or_constant();
  Expression text_literal();
  Expression parenthesis();
  bool ends_items(bool is_first, std::string_view bracket);
  Expression list();
  Expression dict();
  Expression postfix(Expression value);
  Expression subscript(Expression value);
  Expression filters_and_tests(Expression value);
  Expression filter(Expression value);
  Expression test(Expression value);
  void arguments(Expression& call);

  TokenStream& tokens_;
  int open_ = 0;
};

Expression ExpressionParser::node(Kind kind, std::vector<Expression> children, std::string name) {
  Expression result{.kind = kind, .line = tokens_.peek().line, .name = std::move(name)};
  if (!children.empty()) result.line = children.front().line;
  for (const Expression& child : children) result.depth = std::max(result.depth, child.depth + 1);
  if (result.depth > kMaxDepth) tokens_.fail("expressions are nested too deep");
  result.children = std::move(children);
  return result;
}

Expression ExpressionParser::literal(Value value) const {
  return {.kind = Kind::kLiteral, .line = tokens_.peek().line, .literal = std::move(value)};
}

template <std::size_t N, typename Operand>
Expression ExpressionParser::binary(const std::array<Symbol, N>& symbols, const Operand& operand) {
  Expression left = operand();
  while (true) {
    const auto found = std::ranges::find_if(
        symbols, [this](const Symbol& symbol) { return tokens_.take_operator(symbol.first); });
    if (found == symbols.end()) return left;
    left = node(Kind::kBinary, list_of(std::move(left), operand()));
    left.operators = {found->second};
  }
}

Expression ExpressionParser::conditional() {
  open();
  Expression value = disjunction();
  while (tokens_.take_name("if")) {
    std::vector<Expression> parts = list_of(std::move(value), disjunction());
    if (tokens_.take_name("else")) parts.push_back(conditional());
    value = node(Kind::kConditional, std::move(parts));
  }
  --open_;
  return value;
}

Expression ExpressionParser::disjunction() {
  Expression left = conjunction();
  while (tokens_.take_name("or")) left = node(Kind::kOr, list_of(std::move(left), conjunction()));
  return left;
}

Expression ExpressionParser::conjunction() {
  Expression left = negation();
  while (tokens_.take_name("and")) left = node(Kind::kAnd, list_of(std::move(left), negation()));
  return left;
}

Expression ExpressionParser::negation() {
  if (!tokens_.take_name("not")) return comparison();
  open();
  Expression result = node(Kind::kNot, list_of(negation()));
  --open_;
  return result;
}

Expression ExpressionParser::comparison() {
  static constexpr std::array<Symbol, 6> kSymbols = {{{"==", Operator::kEqual},
                                                      {"!=", Operator::kNotEqual},
                                                      {"<=", Operator::kLessEqual},
                                                      {"<", Operator::kLess},
                                                      {">=", Operator::kGreaterEqual},
                                                      {">", Operator::kGreater}}};
  std::vector<Expression> operands = list_of(sum());
  std::vector<Operator> operators;
  while (true) {
    const auto* const found = std::ranges::find_if(
        kSymbols, [this](const Symbol& symbol) { return tokens_.take_operator(symbol.first); });
    if (found != kSymbols.end()) {
      operators.push_back(found->second);
    } else if (tokens_.take_name("in")) {
      operators.push_back(Operator::kIn);
    } else if (tokens_.at_name("not") && tokens_.at_name("in", 1)) {
      tokens_.take();
      tokens_.take();
      operators.push_back(Operator::kNotIn);
    } else {
      break;
    }
    operands.push_back(sum());
  }
  if (operators.empty()) return std::move(operands.front());
  Expression result = node(Kind::kCompare, std::move(operands));
  result.operators = std::move(operators);
  return result;
}

Expression ExpressionParser::sum() {
  static constexpr std::array<Symbol, 2> kSymbols = {
      {{"+", Operator::kAdd}, {"-", Operator::kSubtract}}};
  return binary(kSymbols, [this] { return concatenation(); });
}

Expression ExpressionParser::concatenation() {
  static constexpr std::array<Symbol, 1> kSymbols = {{{"~", Operator::kConcatenate}}};
  return binary(kSymbols, [this] { return product(); });
}

Expression ExpressionParser::product() {
  static constexpr std::array<Symbol, 4> kSymbols = {{{"*", Operator::kMultiply},
                                                      {"//", Operator::kFloorDivide},
                                                      {"/", Operator::kDivide},
                                                      {"%", Operator::kRemainder}}};
  return binary(kSymbols, [this] { return power(); });
}

Expression ExpressionParser::power() {
  static constexpr std::array<Symbol, 1> kSymbols = {{{"**", Operator::kPower}}};
  return binary(kSymbols, [this] { return unary(/*with_filters=*/true); });
}

Expression ExpressionParser::unary(bool with_filters) {
  Expression value;
  if (tokens_.at_operator("-") || tokens_.at_operator("+")) {
    open();
    const bool is_minus = tokens_.take().text == "-";
    value = node(Kind::kUnary, list_of(unary(/*with_filters=*/false)));
    value.operators = {is_minus ? Operator::kNegate : Operator::kPlus};
    --open_;
  } else {
    value = primary();
  }
  value = postfix(std::move(value));
  return with_filters ? filters_and_tests(std::move(value)) : std::move(value);
}

Expression ExpressionParser::primary() {
  const Token& token = tokens_.peek();
  switch (token.kind) {
    case Token::Kind::kName:
      return name_or_constant();
    case Token::Kind::kString:
      return text_literal();
    case Token::Kind::kInteger:
    case Token::Kind::kFloat: {
      const bool is_whole = token.kind == Token::Kind::kInteger;
      Expression number = literal(is_whole ? Value(token.integer) : Value(token.number));
      tokens_.take();
      return number;
    }
    default:
      break;
  }
  if (tokens_.at_operator("(")) return parenthesis();
  if (tokens_.at_operator("[")) return list();
  if (tokens_.at_operator("{")) return dict();
  tokens_.refuse("an expression");
}

Expression ExpressionParser::name_or_constant() {
  const Token token = tokens_.take();
  const std::string& name = token.text;
  const bool is_true = name == "true" || name == "True";
  if (name == "none" || name == "None") return {.line = token.line};
  if (is_true || name == "false" || name == "False") {
    return {.line = token.line, .literal = Value(is_true)};
  }
  return {.kind = Kind::kName, .line = token.line, .name = name};
}

Expression ExpressionParser::text_literal() {
  const int line = tokens_.peek().line;
  std::string text;
  while (tokens_.at(Token::Kind::kString)) text += tokens_.take().text;
  return {.kind = Kind::kLiteral, .line = line, .literal = Value(std::move(text))};
}

Expression ExpressionParser::parenthesis() {
  tokens_.take();
  if (tokens_.take_operator(")")) return node(Kind::kTuple, {});
  Expression inside = tuple();
  tokens_.expect_operator(")");
  return inside;
}

bool ends_tuple(const TokenStream& tokens) {
  return tokens.at_operator(")") || tokens.at(Token::Kind::kPrintEnd) ||
         tokens.at(Token::Kind::kBlockEnd);
}

Expression ExpressionParser::tuple() {
  Expression first = conditional();
  if (!tokens_.at_operator(",")) return first;
  std::vector<Expression> items = list_of(std::move(first));
  while (tokens_.take_operator(",") && !ends_tuple(tokens_)) items.push_back(conditional());
  return node(Kind::kTuple, std::move(items));
}

/// Takes the comma between two items, or the bracket behind the last one.
bool ExpressionParser::ends_items(bool is_first, std::string_view bracket) {
  if (tokens_.take_operator(bracket)) return true;
  if (!is_first) tokens_.expect_operator(",");
  return !is_first && tokens_.take_operator(bracket);
}

Expression ExpressionParser::list() {
  tokens_.take();
  std::vector<Expression> items;
  while (!ends_items(items.empty(), "]")) items.push_back(conditional());
  return node(Kind::kList, std::move(items));
}

Expression ExpressionParser::dict() {
  tokens_.take();
  std::vector<Expression> items;
  while (!ends_items(items.empty(), "}")) {
    items.push_back(conditional());
    tokens_.expect_operator(":");
    items.push_back(conditional());
  }
  return node(Kind::kDict, std::move(items));
}

Expression ExpressionParser::postfix(Expression value) {
  while (true) {
    if (tokens_.take_operator(".")) {
      if (tokens_.at(Token::Kind::kInteger)) {
        value = node(Kind::kIndex, list_of(std::move(value), literal(tokens_.peek().integer)));
        tokens_.take();
      } else {
        value = node(Kind::kAttribute, list_of(std::move(value)), tokens_.expect_name("a name"));
      }
    } else if (tokens_.take_operator("[")) {
      value = subscript(std::move(value));
    } else if (tokens_.at_operator("(")) {
      value = node(Kind::kCall, list_of(std::move(value)));
      arguments(value);
    } else {
      return value;
    }
  }
}

Expression ExpressionParser::subscript(Expression value) {
  const auto at_end = [this] { return tokens_.at_operator(":") || tokens_.at_operator("]"); };
  Expression begin = at_end() ? literal(None{}) : conditional();
  if (tokens_.take_operator("]")) {
    return node(Kind::kIndex, list_of(std::move(value), std::move(begin)));
  }
  std::vector<Expression> parts = list_of(std::move(value), std::move(begin));
  for (int i = 0; i < 2; ++i) {
    const bool is_given = tokens_.take_operator(":") && !at_end();
    parts.push_back(is_given ? conditional() : literal(None{}));
  }
  tokens_.expect_operator("]");
  return node(Kind::kSlice, std::move(parts));
}

Expression ExpressionParser::filters_and_tests(Expression value) {
  while (true) {
    if (tokens_.take_operator("|")) {
      value = filter(std::move(value));
    } else if (tokens_.take_name("is")) {
      value = test(std::move(value));
    } else if (tokens_.at_operator("(")) {
      value = node(Kind::kCall, list_of(std::move(value)));
      arguments(value);
    } else {
      return value;
    }
  }
}

Expression ExpressionParser::filter(Expression value) {
  Expression result =
      node(Kind::kFilter, list_of(std::move(value)), tokens_.expect_name("a filter"));
  if (tokens_.at_operator("(")) arguments(result);
  return result;
}

Expression ExpressionParser::test(Expression value) {
  const bool is_negated = tokens_.take_name("not");
  Expression result = node(Kind::kTest, list_of(std::move(value)), tokens_.expect_name("a test"));
  const Token& next = tokens_.peek();
  const bool is_word = tokens_.at_name("else") || tokens_.at_name("or") || tokens_.at_name("and") ||
                       tokens_.at_name("if");
  const bool begins_argument =
      next.kind == Token::Kind::kString || next.kind == Token::Kind::kInteger ||
      next.kind == Token::Kind::kFloat || tokens_.at_operator("[") || tokens_.at_operator("{") ||
      (next.kind == Token::Kind::kName && !is_word);
  if (tokens_.at_operator("(")) {
    arguments(result);
  } else if (tokens_.at_name("is")) {
    tokens_.fail("a test of a test is not supported, expected brackets around the first");
  } else if (begins_argument) {
    result.children.push_back(postfix(primary()));
    result.argument_names.emplace_back();
    result.depth = std::max(result.depth, result.children.back().depth + 1);
  }
  return is_negated ? node(Kind::kNot, list_of(std::move(result))) : std::move(result);
}

void ExpressionParser::arguments(Expression& call) {
  tokens_.expect_operator("(");
  while (!ends_items(call.argument_names.empty(), ")")) {
    std::string name;
    const Token& next = tokens_.peek(1);
    if (tokens_.at(Token::Kind::kName) && next.kind == Token::Kind::kOperator && next.text == "=") {
      name = tokens_.take().text;
      tokens_.take();
    } else if (!call.argument_names.empty() && !call.argument_names.back().empty()) {
      tokens_.fail("an argument without a name behind one with a name");
    }
    call.argument_names.push_back(std::move(name));
    call.children.push_back(conditional());
    call.depth = std::max(call.depth, call.children.back().depth + 1);
  }
  if (call.depth > kMaxDepth) tokens_.fail("expressions are nested too deep");
}

std::vector<Expression> ExpressionParser::filters() {
  std::vector<Expression> result;
  while (tokens_.take_operator("|")) result.push_back(filter(literal(None{})));
  return result;
}

}  // namespace

Expression parse_expression(TokenStream& tokens) { return ExpressionParser(tokens).conditional(); }

Expression parse_simple_expression(TokenStream& tokens) {
  return ExpressionParser(tokens).disjunction();
}

Expression parse_expressions(TokenStream& tokens) { return ExpressionParser(tokens).tuple(); }

std::vector<Expression> parse_filters(TokenStream& tokens) {
  return ExpressionParser(tokens).filters();
}

}  // namespace circuit::jinja
