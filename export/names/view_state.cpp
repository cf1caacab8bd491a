#include "export/names/view_state.h"

#include <nlohmann/json.hpp>

#include "export/text/output_text.h"

namespace circuit {

using Json = nlohmann::json;

std::string pins_json(const ViewState& state) {
  Json list = Json::array();
  for (const std::string& id : state.pinned_ids) list.push_back(valid_utf8(id));
  return list.dump();
}

std::string supernodes_json(const ViewState& state) {
  Json list = Json::array();
  for (const ViewState::Supernode& group : state.supernodes) {
    Json entry = Json::array({valid_utf8(group.name)});
    for (const std::string& id : group.node_ids) entry.push_back(valid_utf8(id));
    list.push_back(std::move(entry));
  }
  return list.dump();
}

std::string clerps_json(const ViewState& state) {
  Json list = Json::array();
  for (const auto& [id, text] : state.clerps) {
    list.push_back(Json::array({valid_utf8(id), valid_utf8(text)}));
  }
  return list.dump();
}

}  // namespace circuit
