#include "tracer/study/cell.h"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "export/text/output_text.h"

namespace circuit {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(double value) { return std::isfinite(value) ? Json(value) : Json(); }

double number_of(const Json& value) {
  return value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

}  // namespace

std::string cell_line(const Cell& cell) {
  Json object;
  object["key"] = cell.key;
  object["cell"] = {{"prompt", valid_utf8(cell.name.prompt)}, {"pair", valid_utf8(cell.name.pair)},
                    {"intervention", cell.name.intervention}, {"control", cell.name.control},
                    {"strength", cell.name.strength},         {"seed", cell.name.seed}};
  if (!cell.left_out.empty()) {
    object["left_out"] = valid_utf8(cell.left_out);
    return object.dump() + "\n";
  }
  Json controls = Json::object();
  for (const auto& [control, values] : cell.values) {
    Json& metrics = controls[control] = Json::object();
    for (const auto& [metric, value] : values) metrics[metric] = json_of(value);
  }
  object["values"] = std::move(controls);
  return object.dump() + "\n";
}

Cell parse_cell(const std::string& line) {
  try {
    const Json object = Json::parse(line);
    const Json& name = object.at("cell");
    Cell cell{.key = object.at("key").get<std::string>(),
              .name = {.prompt = name.at("prompt").get<std::string>(),
                       .pair = name.at("pair").get<std::string>(),
                       .intervention = name.at("intervention").get<std::string>(),
                       .control = name.at("control").get<std::string>(),
                       .strength = name.at("strength").get<double>(),
                       .seed = name.at("seed").get<std::uint64_t>()},
              .values = {},
              .left_out = object.value("left_out", "")};
    if (!cell.left_out.empty()) return cell;
    for (const auto& [control, metrics] : object.at("values").items()) {
      for (const auto& [metric, value] : metrics.items()) {
        cell.values[control][metric] = number_of(value);
      }
    }
    return cell;
  } catch (const Json::exception& error) {
    throw std::runtime_error(std::string("is no cell (") + error.what() + ")");
  }
}

}  // namespace circuit
