#include <utility>

#include "tracer/text/jinja/access.h"
#include "tracer/text/jinja/filters.h"
#include "tracer/text/jinja/functions.h"
#include "tracer/text/jinja/interpreter.h"
#include "tracer/text/jinja/methods.h"
#include "tracer/text/jinja/operators.h"
#include "tracer/text/jinja/tests.h"

namespace circuit::jinja {

using Kind = Expression::Kind;

Value Interpreter::evaluate(const Expression& expression, const Scope& scope) {
  const Run::Level level(run_);
  run_.line = expression.line;
  const auto child = [&](std::size_t i) { return evaluate(expression.children[i], scope); };
  switch (expression.kind) {
    case Kind::kLiteral:
      return expression.literal;
    case Kind::kName:
      return look_up(expression.name, scope);
    case Kind::kNot:
      return !child(0).is_true();
    case Kind::kAnd: {
      Value left = child(0);
      return left.is_true() ? child(1) : std::move(left);
    }
    case Kind::kOr: {
      Value left = child(0);
      return left.is_true() ? std::move(left) : child(1);
    }
    case Kind::kConditional:
      if (child(1).is_true()) return child(0);
      if (expression.children.size() > 2) return child(2);
      return Undefined{"a value without else"};
    default:
      return evaluate_other(expression, scope);
  }
}

Value Interpreter::evaluate_other(const Expression& expression, const Scope& scope) {
  const auto child = [&](std::size_t i) { return evaluate(expression.children[i], scope); };
  // Parts may stand on other lines.
  const auto back = [&](Value value) {
    run_.line = expression.line;
    return value;
  };
  switch (expression.kind) {
    case Kind::kList:
    case Kind::kTuple:
      return evaluate_list(expression, scope);
    case Kind::kDict:
      return evaluate_dict(expression, scope);
    case Kind::kAttribute:
      return get_attribute(run_, back(child(0)), expression.name);
    case Kind::kIndex: {
      const Value value = child(0);
      return get_item(run_, value, back(child(1)));
    }
    case Kind::kSlice: {
      const Value value = child(0);
      const Value begin = child(1);
      const Value end = child(2);
      return get_slice(run_, value, begin, end, back(child(3)));
    }
    case Kind::kUnary:
      return apply_unary(run_, expression.operators[0], child(0));
    case Kind::kBinary: {
      const Value left = child(0);
      const Value right = back(child(1));
      return apply_binary(run_, expression.operators[0], left, right);
    }
    case Kind::kFilter: {
      const Value value = child(0);
      const Arguments arguments = evaluate_arguments(expression, scope);
      return apply_filter(run_, expression.name, value, arguments);
    }
    case Kind::kTest: {
      const Value value = child(0);
      const Arguments arguments = evaluate_arguments(expression, scope);
      return apply_test(run_, expression.name, value, arguments);
    }
    case Kind::kCall:
      return evaluate_call(expression, scope);
    default:
      return evaluate_comparison(expression, scope);
  }
}

Value Interpreter::look_up(std::string_view name, const Scope& scope) {
  for (const Scope* one = &scope; one != nullptr; one = one->outer) {
    run_.spend(1);
    const auto found = one->names.find(name);
    if (found != one->names.end()) return found->second;
  }
  if (const Value* const variable = variables_.find(name)) return *variable;
  if (is_function(run_, name)) {
    return Callable{.name = std::string(name), .receiver = nullptr, .macro = nullptr};
  }
  return Undefined{std::string(name)};
}

Value Interpreter::evaluate_list(const Expression& expression, const Scope& scope) {
  std::vector<Value> items;
  for (const Expression& item : expression.children) items.push_back(evaluate(item, scope));
  return run_.list(std::move(items), expression.kind == Kind::kTuple);
}

Value Interpreter::evaluate_dict(const Expression& expression, const Scope& scope) {
  Dict dict;
  for (std::size_t i = 0; i + 1 < expression.children.size(); i += 2) {
    const Value key = evaluate(expression.children[i], scope);
    if (key.text() == nullptr) {
      run_.fail("a key is " + std::string(key.kind()) + ", expected a text");
    }
    dict.set(key.text()->bytes(), evaluate(expression.children[i + 1], scope));
  }
  return run_.dict(std::move(dict));
}

Value Interpreter::evaluate_comparison(const Expression& expression, const Scope& scope) {
  Value left = evaluate(expression.children[0], scope);
  for (std::size_t i = 0; i < expression.operators.size(); ++i) {
    Value right = evaluate(expression.children[i + 1], scope);
    run_.line = expression.line;
    if (!compare(run_, expression.operators[i], left, right)) return false;
    left = std::move(right);
  }
  return true;
}

Arguments Interpreter::evaluate_arguments(const Expression& expression, const Scope& scope) {
  Arguments arguments;
  for (std::size_t i = 0; i < expression.argument_names.size(); ++i) {
    Value value = evaluate(expression.children[i + 1], scope);
    const std::string& name = expression.argument_names[i];
    if (name.empty()) {
      arguments.positional.push_back(std::move(value));
    } else {
      arguments.named.emplace_back(name, std::move(value));
    }
  }
  run_.line = expression.line;
  return arguments;
}

Value Interpreter::evaluate_call(const Expression& expression, const Scope& scope) {
  const Value callee = evaluate(expression.children[0], scope);
  const Arguments arguments = evaluate_arguments(expression, scope);
  if (const Undefined* const missing = callee.undefined()) {
    const bool is_date = missing->what == "strftime_now";
    run_.fail(is_date ? "the template asks for today's date, expected --date YYYY-MM-DD"
                      : missing->what + " is undefined, expected a function");
  }
  const Callable* const callable = callee.callable();
  if (callable == nullptr) {
    run_.fail(std::string(callee.kind()) + " is called, expected a function");
  }
  if (callable->macro != nullptr) return call_macro(*callable->macro, arguments);
  if (callable->receiver != nullptr) {
    return call_method(run_, *callable->receiver, callable->name, arguments);
  }
  return call_function(run_, callable->name, arguments);
}

Value Interpreter::call_macro(const MacroStatement& macro, const Arguments& arguments) {
  const int line = run_.line;
  Scope inside{.outer = &global_};
  if (arguments.positional.size() > macro.parameters.size()) {
    run_.fail(macro.name + " has " + std::to_string(arguments.positional.size()) +
              " arguments, expected at most " + std::to_string(macro.parameters.size()));
  }
  for (std::size_t i = 0; i < macro.parameters.size(); ++i) {
    const MacroStatement::Parameter& parameter = macro.parameters[i];
    Value value = Undefined{parameter.name};
    if (i < arguments.positional.size()) {
      value = arguments.positional[i];
    } else if (parameter.initial) {
      value = evaluate(*parameter.initial, inside);
    }
    inside.names[parameter.name] = std::move(value);
  }
  for (const auto& [name, value] : arguments.named) {
    const auto found = inside.names.find(name);
    if (found == inside.names.end()) run_.fail(macro.name + " has no parameter " + name);
    found->second = value;
  }
  MarkedText text;
  execute(macro.body, inside, text);
  run_.line = line;
  return text;
}

}  // namespace circuit::jinja
