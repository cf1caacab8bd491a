// Renders templates in the part of Jinja that chat templates are written in, as transformers sets
// it up: docs/formats.md, Chat templates, lists what is there. Non-goals: the rest of Jinja
// (include, extends, import, call, with, filter blocks, autoescape), speed beyond chat templates.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tracer/text/jinja/run.h"
#include "tracer/text/jinja/value.h"

namespace circuit::jinja {

struct RenderOptions {
  /// What `strftime_now` tells; without it there is no such function in the template.
  std::optional<Date> date = std::nullopt;
  Limits limits = {};
};

/// Immutable; all members may be called from several threads at once.
class Template {
 public:
  /// `name` stands in messages. Throws std::runtime_error `[chat_template] NAME:LINE: …` for what
  /// is no template or not supported, std::invalid_argument when `source` is not valid UTF-8.
  static Template parse(std::string_view source, std::string name);

  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  /// `variables` are the names that the template sees. Throws std::runtime_error
  /// `[chat_template] NAME:LINE: …` for what goes wrong, for what the template itself refuses, and
  /// beyond the limits.
  MarkedText render(const Dict& variables, const RenderOptions& options = {}) const;

  const std::string& name() const;

 private:
  struct Impl;
  explicit Template(std::unique_ptr<const Impl> impl);

  std::unique_ptr<const Impl> impl_;
};

}  // namespace circuit::jinja
