#include "tracer/text/jinja/place.h"

#include <stdexcept>

namespace circuit::jinja {

void fail_at(std::string_view name, int line, std::string_view what) {
  throw std::runtime_error("[chat_template] " + std::string(name) + ":" + std::to_string(line) +
                           ": " + std::string(what));
}

}  // namespace circuit::jinja
