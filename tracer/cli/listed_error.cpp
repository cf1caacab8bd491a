#include "tracer/cli/listed_error.h"

#include <nlohmann/json.hpp>

#include "tracer/cli/json_line.h"

namespace circuit::cli {

std::string listed_error_json(const ListedPrompt& prompt, const std::string& error) {
  nlohmann::ordered_json object;
  object["id"] = prompt.id;
  object["name"] = prompt.name;
  object["line"] = prompt.line;
  object["error"] = error;
  return json_line(object);
}

}  // namespace circuit::cli
