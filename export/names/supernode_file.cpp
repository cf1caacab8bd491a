#include "export/names/supernode_file.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <stdexcept>
#include <string_view>

#include <nlohmann/json.hpp>
#include <simdjson.h>

#include "export/names/node_ids.h"
#include "export/names/node_names.h"
#include "export/text/output_text.h"

namespace circuit {
namespace {

namespace dom = simdjson::dom;

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path) {}

  SupernodeFile read() {
    dom::element root;
    if (const auto error = parser_.load(path_.string()).get(root)) {
      refuse(error == simdjson::IO_ERROR ? "cannot be read"
                                         : std::string("is no JSON: ") + error_message(error));
    }
    dom::object object;
    if (root.get(object) != simdjson::SUCCESS) refuse("is no JSON object");
    std::int64_t version = 0;
    if (object["version"].get(version) != simdjson::SUCCESS || version != 1) {
      refuse("has no \"version\": 1");
    }
    SupernodeFile file{.transcoders_hash = text(object["transcoders"], "\"transcoders\"")};
    const dom::array groups = list(object["supernodes"], "\"supernodes\"");
    file.supernodes.reserve(groups.size());
    for (const dom::element group : groups) {
      file.supernodes.push_back(read_group(group, file.supernodes.size()));
    }
    return file;
  }

 private:
  [[noreturn]] void refuse(const std::string& problem) const {
    throw std::runtime_error("[read_supernodes] " + path_.string() + ": " + problem +
                             ", expected {\"version\": 1, \"transcoders\": HASH, \"supernodes\": "
                             "[{\"name\": NAME, \"nodes\": [\"3_512_4\", …]}]}");
  }

  std::string text(simdjson::simdjson_result<dom::element> value, const std::string& what) const {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) refuse(what + " is no text");
    return std::string(text);
  }

  dom::array list(simdjson::simdjson_result<dom::element> value, const std::string& what) const {
    dom::array array;
    if (value.get(array) != simdjson::SUCCESS) refuse(what + " is no list");
    return array;
  }

  ViewState::Supernode read_group(const dom::element& element, std::size_t index) {
    const std::string what = "group " + std::to_string(index + 1);
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS) refuse(what + " is no object");
    ViewState::Supernode group{.name = text(object["name"], what + "'s \"name\"")};
    if (group.name.empty()) refuse(what + " has no name");
    if (!names_.insert(group.name).second) refuse("'" + one_line(group.name) + "' comes twice");
    const dom::array nodes = list(object["nodes"], what + "'s \"nodes\"");
    group.node_ids.reserve(nodes.size());
    for (const dom::element node : nodes) {
      group.node_ids.push_back(
          text(dom::element(node), "a node of '" + one_line(group.name) + "'"));
      if (!parse_node_id(group.node_ids.back())) {
        refuse("'" + one_line(group.node_ids.back()) + "' is no node");
      }
    }
    return group;
  }

  const std::filesystem::path& path_;
  dom::parser parser_;
  std::set<std::string> names_;
};

[[noreturn]] void refuse_node(const std::string& group, std::string_view id,
                              const std::string& problem) {
  throw std::runtime_error("[supernodes] group '" + one_line(group) + "': node " + one_line(id) +
                           " " + problem);
}

/// The kept members of one group.
std::vector<std::size_t> find_members(const AttributionGraph& graph,
                                      std::span<const std::uint8_t> node_mask,
                                      const ViewState::Supernode& group) {
  std::vector<std::size_t> members;
  for (const std::string& text : group.node_ids) {
    const auto id = parse_node_id(text);
    if (!id) refuse_node(group.name, text, "is no id, expected one such as 3_512_4 or 3_512_*");
    const std::vector<std::size_t> nodes = find_nodes(graph, *id);
    if (id->position && nodes.empty()) refuse_node(group.name, text, "is not in the graph");
    for (const std::size_t node : nodes) {
      if (node_mask[node] != 0) {
        members.push_back(node);
      } else if (id->position) {
        refuse_node(group.name, text,
                    "is not kept by the pruning, expected kept ones (a higher --node-threshold "
                    "keeps more)");
      }
    }
  }
  std::ranges::sort(members);
  const auto first = std::unique(members.begin(), members.end());  // clang 14 lacks ranges::unique
  members.erase(first, members.end());
  return members;
}

}  // namespace

SupernodeFile read_supernode_file(const std::filesystem::path& path) { return Reader(path).read(); }

std::string supernode_file_text(const SupernodeFile& file) {
  const auto quoted = [](const std::string& text) {
    if (!is_valid_utf8(text)) {
      throw std::invalid_argument("[supernodes] '" + valid_utf8(text) + "' is not UTF-8");
    }
    return nlohmann::json(text).dump();
  };
  std::string out =
      "{\"version\":1,\"transcoders\":" + quoted(file.transcoders_hash) + ",\"supernodes\":[";
  for (std::size_t i = 0; i < file.supernodes.size(); ++i) {
    out += (i > 0 ? ",\n" : "\n") + std::string("{\"name\":") + quoted(file.supernodes[i].name) +
           ",\"nodes\":[";
    std::string_view separator;
    for (const std::string& id : file.supernodes[i].node_ids) {
      out.append(separator).append(quoted(id));
      separator = ",";
    }
    out += "]}";
  }
  return out + "\n]}\n";
}

FoundSupernodes find_supernodes(const AttributionGraph& graph,
                                std::span<const std::uint8_t> node_mask,
                                std::span<const ViewState::Supernode> supernodes) {
  FoundSupernodes found;
  std::vector<const std::string*> group_of(graph.n_nodes(), nullptr);
  for (const ViewState::Supernode& group : supernodes) {
    std::vector<std::size_t> members = find_members(graph, node_mask, group);
    for (const std::size_t node : members) {
      if (group_of[node] != nullptr) {
        refuse_node(group.name, name_node(graph, node).node_id,
                    "is in group '" + one_line(*group_of[node]) + "' too, expected it in one");
      }
      group_of[node] = &group.name;
    }
    if (members.empty()) {
      found.absent.push_back(group.name);
    } else {
      found.supernodes.push_back({.name = group.name, .nodes = std::move(members)});
    }
  }
  return found;
}

std::vector<ViewState::Supernode> name_members(const AttributionGraph& graph,
                                               std::span<const Supernode> supernodes) {
  std::vector<ViewState::Supernode> named;
  for (const Supernode& supernode : supernodes) {
    named.push_back({.name = supernode.name, .node_ids = {}});
    for (const std::size_t node : supernode.nodes) {
      named.back().node_ids.push_back(name_node(graph, node).node_id);
    }
  }
  return named;
}

}  // namespace circuit
