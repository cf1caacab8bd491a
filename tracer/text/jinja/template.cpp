#include "tracer/text/jinja/template.h"

#include <utility>

#include "tracer/text/jinja/interpreter.h"
#include "tracer/text/jinja/parse.h"
#include "tracer/text/utf8.h"

namespace circuit::jinja {

struct Template::Impl {
  std::string name;
  Block block;
};

Template Template::parse(std::string_view source, std::string name) {
  check_utf8(source, "chat_template", name);
  Block block = parse_template(source, name);
  return Template(std::make_unique<const Impl>(Impl{std::move(name), std::move(block)}));
}

Template::Template(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

MarkedText Template::render(const Dict& variables, const RenderOptions& options) const {
  Run run(impl_->name, options.date, options.limits);
  return Interpreter(run, variables).render(impl_->block);
}

const std::string& Template::name() const { return impl_->name; }

}  // namespace circuit::jinja
