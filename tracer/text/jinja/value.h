// The values that a template computes with: those of Python, as far as chat templates need them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tracer/text/jinja/marked_text.h"

namespace circuit::jinja {

class Value;
struct MacroStatement;

/// What a name, an attribute or an index that is not there gives; `what` says which, for messages.
struct Undefined {
  std::string what;
};

struct None {};

/// A list, or with `is_tuple` a tuple, which only prints differently.
struct List {
  std::vector<Value> items;
  bool is_tuple = false;
  int depth = 1;  ///< of lists and mappings in each other
};

/// A mapping from texts, in order of insertion.
class Dict {
 public:
  const std::vector<std::pair<std::string, Value>>& items() const { return items_; }
  const Value* find(std::string_view key) const;
  void set(std::string_view key, Value value);
  int depth() const { return depth_; }

  /// What a loop over a list with this in it writes in its turn is marked so; negative = not.
  std::int32_t tag = -1;

 private:
  std::vector<std::pair<std::string, Value>> items_;
  std::map<std::string, std::size_t, std::less<>> index_;
  int depth_ = 1;
};

/// `namespace(…)`: the one thing that templates change in place. Owned by the run.
struct Namespace {
  Dict members;
};

/// The variable `loop` of one turn.
struct Loop {
  std::shared_ptr<const List> items;
  std::size_t index = 0;
};

/// Something to call: a function, a method bound to `receiver`, or a macro.
struct Callable {
  std::string name;
  std::shared_ptr<const Value> receiver;
  const MacroStatement* macro = nullptr;
};

class Value {
 public:
  using Content =
      std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const MarkedText>,
                   std::shared_ptr<const List>, std::shared_ptr<const Dict>, Namespace*,
                   std::shared_ptr<const Loop>, std::shared_ptr<const Callable>>;

  Value() : content_(None{}) {}
  Value(Undefined undefined) : content_(std::move(undefined)) {}
  Value(None none) : content_(none) {}
  Value(bool truth) : content_(truth) {}
  Value(std::int64_t number) : content_(number) {}
  Value(double number) : content_(number) {}
  Value(MarkedText text) : content_(std::make_shared<const MarkedText>(std::move(text))) {}
  Value(std::string text) : Value(MarkedText(std::move(text))) {}
  Value(std::string_view text) : Value(std::string(text)) {}
  Value(const char* text) : Value(std::string(text)) {}
  Value(List list) : content_(std::make_shared<const List>(std::move(list))) {}
  Value(std::shared_ptr<const List> list) : content_(std::move(list)) {}
  Value(Dict dict) : content_(std::make_shared<const Dict>(std::move(dict))) {}
  Value(Namespace* space) : content_(space) {}
  Value(Loop loop) : content_(std::make_shared<const Loop>(std::move(loop))) {}
  Value(Callable callable) : content_(std::make_shared<const Callable>(std::move(callable))) {}

  bool is_undefined() const { return std::holds_alternative<Undefined>(content_); }
  bool is_none() const { return std::holds_alternative<None>(content_); }
  /// Null, or what it holds.
  const Undefined* undefined() const { return std::get_if<Undefined>(&content_); }
  const bool* boolean() const { return std::get_if<bool>(&content_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&content_); }
  const double* number() const { return std::get_if<double>(&content_); }
  const MarkedText* text() const { return pointee<MarkedText>(); }
  const List* list() const { return pointee<List>(); }
  const Dict* dict() const { return pointee<Dict>(); }
  const Loop* loop() const { return pointee<Loop>(); }
  const Callable* callable() const { return pointee<Callable>(); }
  Namespace* space() const {
    const auto* held = std::get_if<Namespace*>(&content_);
    return held == nullptr ? nullptr : *held;
  }
  std::shared_ptr<const List> shared_list() const {
    return std::get<std::shared_ptr<const List>>(content_);
  }

  /// Of lists and mappings in each other; 0 for all others.
  int depth() const;
  bool is_true() const;
  /// "a text", "a list", …, for messages.
  std::string_view kind() const;
  /// The same object, or equal where values are not objects.
  bool is_same(const Value& other) const { return this == &other || is_same_object(other); }

 private:
  template <typename T>
  const T* pointee() const {
    const auto* held = std::get_if<std::shared_ptr<const T>>(&content_);
    return held == nullptr ? nullptr : held->get();
  }
  bool is_same_object(const Value& other) const;

  Content content_;
};

/// Requires lists of at most a few hundred levels, as `Run` keeps them.
List make_list(std::vector<Value> items, bool is_tuple = false);

}  // namespace circuit::jinja
