// What a person made of a graph in a viewer: pins, groups, labels. Viewer files keep it as
// `qParams`, addresses of viewers as parameters (docs/formats.md, viewer JSON).
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace circuit {

/// Node ids are those of `NodeName::node_id`, such as `7_6861_9`.
struct ViewState {
  /// A group: its name, then its members.
  struct Supernode {
    std::string name;
    std::vector<std::string> node_ids;

    friend bool operator==(const Supernode&, const Supernode&) = default;
  };

  std::vector<std::string> pinned_ids;
  std::vector<Supernode> supernodes;
  /// Labels that a person gave to single nodes: node id, text.
  std::vector<std::pair<std::string, std::string>> clerps;

  friend bool operator==(const ViewState&, const ViewState&) = default;
};

/// Its lists as JSON text, the way viewers write them: ids; a list for each group, its name before
/// its members; pairs of id and text. Bytes that are no complete character become `\xNN`.
std::string pins_json(const ViewState& state);
std::string supernodes_json(const ViewState& state);
std::string clerps_json(const ViewState& state);

}  // namespace circuit
