// Walks through a template's tree once and writes what it says.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tracer/text/jinja/arguments.h"
#include "tracer/text/jinja/run.h"
#include "tracer/text/jinja/syntax.h"
#include "tracer/text/jinja/value.h"

namespace circuit::jinja {

/// Names of a loop's turn, of a macro's call, or of the whole template.
struct Scope {
  const Scope* outer = nullptr;
  std::map<std::string, Value, std::less<>> names = {};
};

class Interpreter {
 public:
  Interpreter(Run& run, const Dict& variables);

  MarkedText render(const Block& block);

 private:
  enum class Flow : std::uint8_t { kOn, kBreak, kContinue };

  // interpreter.cpp
  Flow execute(const Block& block, Scope& scope, MarkedText& out);
  Flow execute(const Statement& statement, Scope& scope, MarkedText& out);
  Flow execute_if(const IfStatement& statement, Scope& scope, MarkedText& out);
  Flow execute_for(const ForStatement& statement, Scope& scope, MarkedText& out);
  Flow execute_turn(const ForStatement& statement, const Loop& loop, const Scope& scope,
                    MarkedText& out);
  void execute_set_block(const SetBlockStatement& statement, Scope& scope);
  void assign(const Target& target, Value value, Scope& scope);
  void assign_all(const std::vector<Target>& targets, const Value& value, Scope& scope);
  void write(const MarkedText& text, MarkedText& out);
  std::vector<Value> loop_items(const ForStatement& statement, const Scope& scope);

  // evaluate.cpp
  Value evaluate(const Expression& expression, const Scope& scope);
  Value evaluate_other(const Expression& expression, const Scope& scope);
  Value look_up(std::string_view name, const Scope& scope);
  Value evaluate_list(const Expression& expression, const Scope& scope);
  Value evaluate_dict(const Expression& expression, const Scope& scope);
  Value evaluate_comparison(const Expression& expression, const Scope& scope);
  Value evaluate_call(const Expression& expression, const Scope& scope);
  Value call_macro(const MacroStatement& macro, const Arguments& arguments);
  Arguments evaluate_arguments(const Expression& expression, const Scope& scope);

  Run& run_;
  const Dict& variables_;
  Scope global_;
};

}  // namespace circuit::jinja
