#include "tracer/text/jinja/interpreter.h"

#include <utility>
#include <variant>

#include "tracer/text/jinja/access.h"
#include "tracer/text/jinja/filters.h"
#include "tracer/text/jinja/value_text.h"

namespace circuit::jinja {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;  // clang 14 does not see it

}  // namespace

Interpreter::Interpreter(Run& run, const Dict& variables) : run_(run), variables_(variables) {}

MarkedText Interpreter::render(const Block& block) {
  MarkedText out;
  execute(block, global_, out);
  return out;
}

Interpreter::Flow Interpreter::execute(const Block& block, Scope& scope, MarkedText& out) {
  const Run::Level level(run_);
  for (const Statement& statement : block) {
    run_.line = statement.line;
    run_.spend(1);
    const Flow flow = execute(statement, scope, out);
    if (flow != Flow::kOn) return flow;
  }
  return Flow::kOn;
}

Interpreter::Flow Interpreter::execute(const Statement& statement, Scope& scope, MarkedText& out) {
  return std::visit(
      Overloaded{
          [&](const TextStatement& text) {
            run_.spend(text.text.size());
            out.append(text.text);
            return Flow::kOn;
          },
          [&](const PrintStatement& print) {
            write(to_text(run_, evaluate(print.value, scope)), out);
            return Flow::kOn;
          },
          [&](const IfStatement& branches) { return execute_if(branches, scope, out); },
          [&](const ForStatement& loop) { return execute_for(loop, scope, out); },
          [&](const SetStatement& set) {
            assign_all(set.targets, evaluate(set.value, scope), scope);
            return Flow::kOn;
          },
          [&](const SetBlockStatement& set) {
            execute_set_block(set, scope);
            return Flow::kOn;
          },
          [&](const MacroStatement& macro) {
            assign({.name = macro.name, .space = {}},
                   Callable{.name = macro.name, .receiver = nullptr, .macro = &macro}, scope);
            return Flow::kOn;
          },
          [&](const ScopeStatement& inner) {
            Scope inside{.outer = &scope};
            return execute(inner.body, inside, out);
          },
          [](const BreakStatement&) { return Flow::kBreak; },
          [](const ContinueStatement&) { return Flow::kContinue; },
      },
      statement.content);
}

Interpreter::Flow Interpreter::execute_if(const IfStatement& statement, Scope& scope,
                                          MarkedText& out) {
  for (const IfStatement::Branch& branch : statement.branches) {
    if (branch.condition && !evaluate(*branch.condition, scope).is_true()) continue;
    return execute(branch.body, scope, out);
  }
  return Flow::kOn;
}

std::vector<Value> Interpreter::loop_items(const ForStatement& statement, const Scope& scope) {
  std::vector<Value> items = items_of(run_, evaluate(statement.items, scope));
  if (!statement.condition) return items;
  std::vector<Value> chosen;
  for (Value& item : items) {
    Scope inside{.outer = &scope};
    assign_all(statement.targets, item, inside);
    if (evaluate(*statement.condition, inside).is_true()) chosen.push_back(std::move(item));
  }
  return chosen;
}

Interpreter::Flow Interpreter::execute_for(const ForStatement& statement, Scope& scope,
                                           MarkedText& out) {
  const Value list = run_.list(loop_items(statement, scope));
  const auto items = list.shared_list();
  if (items->items.empty()) {
    Scope inside{.outer = &scope};
    return execute(statement.otherwise, inside, out);
  }
  for (std::size_t i = 0; i < items->items.size(); ++i) {
    const Loop loop{.items = items, .index = i};
    if (execute_turn(statement, loop, scope, out) == Flow::kBreak) break;
  }
  return Flow::kOn;
}

Interpreter::Flow Interpreter::execute_turn(const ForStatement& statement, const Loop& loop,
                                            const Scope& scope, MarkedText& out) {
  const Value& item = loop.items->items[loop.index];
  run_.spend(sizeof(Scope));
  Scope inside{.outer = &scope};
  inside.names["loop"] = loop;
  assign_all(statement.targets, item, inside);
  const std::size_t begin = out.size();
  const Flow flow = execute(statement.body, inside, out);
  const bool is_tagged = item.dict() != nullptr && item.dict()->tag >= 0;
  if (is_tagged && out.size() > begin) out.mark(begin, out.size(), item.dict()->tag);
  return flow;
}

void Interpreter::execute_set_block(const SetBlockStatement& statement, Scope& scope) {
  MarkedText text;
  Scope inside{.outer = &scope};
  execute(statement.body, inside, text);
  Value value(std::move(text));
  for (const Expression& filter : statement.filters) {
    run_.line = filter.line;
    value = apply_filter(run_, filter.name, value, evaluate_arguments(filter, scope));
  }
  assign(statement.target, std::move(value), scope);
}

void Interpreter::assign(const Target& target, Value value, Scope& scope) {
  if (target.space.empty()) {
    scope.names[target.name] = std::move(value);
    return;
  }
  Namespace* const space = look_up(target.space, scope).space();
  if (space == nullptr) {
    run_.fail("cannot set " + target.space + "." + target.name + ", expected a namespace");
  }
  run_.spend(sizeof(Value));
  space->members.set(target.name, std::move(value));
}

void Interpreter::assign_all(const std::vector<Target>& targets, const Value& value, Scope& scope) {
  if (targets.size() == 1) {
    assign(targets.front(), value, scope);
    return;
  }
  std::vector<Value> items = items_of(run_, value);
  if (items.size() != targets.size()) {
    run_.fail("there are " + std::to_string(items.size()) + " values for " +
              std::to_string(targets.size()) + " names");
  }
  for (std::size_t i = 0; i < items.size(); ++i) assign(targets[i], std::move(items[i]), scope);
}

void Interpreter::write(const MarkedText& text, MarkedText& out) {
  run_.spend(text.size() + text.marks().size());
  out.append(text);
}

}  // namespace circuit::jinja
