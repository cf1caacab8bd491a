// A template as a tree: what the parser makes and a run walks through.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tracer/text/jinja/value.h"

namespace circuit::jinja {

enum class Operator : std::uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kRemainder,
  kPower,
  kConcatenate,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kNotIn,
  kNegate,
  kPlus,
};

struct Expression {
  enum class Kind : std::uint8_t {
    kLiteral,  ///< `literal`
    kName,     ///< `name`
    kList,     ///< of all children
    kTuple,
    kDict,       ///< children: key, value, key, value …
    kAttribute,  ///< children[0].name
    kIndex,      ///< children[0][children[1]]
    kSlice,      ///< children[0][children[1]:children[2]:children[3]]
    kCall,       ///< children[0](the others)
    kFilter,     ///< children[0] | name(the others)
    kTest,       ///< children[0] is name(the others)
    kNot,
    kUnary,    ///< operators[0] children[0]
    kBinary,   ///< children[0] operators[0] children[1]
    kCompare,  ///< children[0] operators[0] children[1] operators[1] children[2] …
    kAnd,
    kOr,
    kConditional,  ///< children[0] if children[1] else children[2], which may be missing
  };
  Kind kind = Kind::kLiteral;
  int line = 1;
  std::string name = {};
  Value literal = {};
  std::vector<Expression> children = {};
  std::vector<std::string> argument_names = {};  ///< of the others; empty = by position
  std::vector<Operator> operators = {};
  int depth = 1;  ///< of expressions in each other
};

struct Statement;
using Block = std::vector<Statement>;

/// What a value is bound to: a name, or NAMESPACE.name.
struct Target {
  std::string name;
  std::string space;  ///< empty for a plain name
};

struct TextStatement {
  std::string text;
};

struct PrintStatement {
  Expression value;
};

struct IfStatement {
  struct Branch {
    std::optional<Expression> condition;  ///< none for `else`
    Block body;
  };
  std::vector<Branch> branches;
};

struct ForStatement {
  std::vector<Target> targets;
  Expression items;
  std::optional<Expression> condition;
  Block body;
  Block otherwise;
};

struct SetStatement {
  std::vector<Target> targets;
  Expression value;
};

/// `{% set name | filter %}…{% endset %}`
struct SetBlockStatement {
  Target target;
  std::vector<Expression> filters;  ///< each of kind kFilter; their first child is not used
  Block body;
};

struct MacroStatement {
  struct Parameter {
    std::string name;
    std::optional<Expression> initial;
  };
  std::string name;
  std::vector<Parameter> parameters;
  Block body;
};

/// `{% generation %}…{% endgeneration %}`: variables that are set inside stay inside.
struct ScopeStatement {
  Block body;
};

struct BreakStatement {};
struct ContinueStatement {};

struct Statement {
  template <typename Kind>
  Statement(int at, Kind what) : line(at), content(std::move(what)) {}

  int line;
  std::variant<TextStatement, PrintStatement, IfStatement, ForStatement, SetStatement,
               SetBlockStatement, MacroStatement, ScopeStatement, BreakStatement, ContinueStatement>
      content;
};

}  // namespace circuit::jinja
