#include "tracer/text/jinja/run.h"

#include <utility>

#include "tracer/text/jinja/place.h"

namespace circuit::jinja {

void Run::fail(std::string_view what) const { fail_at(name_, line, what); }

void Run::spend(std::size_t work) {
  if (work > left_) fail("the template takes too many steps or too much memory");
  left_ -= work;
}

Value Run::list(std::vector<Value> items, bool is_tuple) {
  spend(items.size() * sizeof(Value));
  List list = make_list(std::move(items), is_tuple);
  if (list.depth > limits_.value_depth) fail("lists are nested too deep");
  return Value(std::move(list));
}

Value Run::dict(Dict dict) {
  spend(dict.items().size() * sizeof(Value));
  if (dict.depth() > limits_.value_depth) fail("mappings are nested too deep");
  return Value(std::move(dict));
}

Namespace* Run::make_namespace() {
  spend(sizeof(Namespace));
  namespaces_.push_back(std::make_unique<Namespace>());
  return namespaces_.back().get();
}

Run::Level::Level(Run& run) : run_(run) {
  run.spend(1);
  if (++run.depth_ > run.limits_.depth) {
    --run.depth_;
    run.fail("the template is nested too deep");
  }
}

}  // namespace circuit::jinja
