// What an intervention of a study does to one prompt: places filled, supernodes chosen, roles
// turned into positions. Needs graphs, not a model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracer/intervention/intervention.h"
#include "tracer/study/roles.h"
#include "tracer/study/study_file.h"
#include "tracer/study/study_inputs.h"
#include "tracer/study/supernode_choice.h"

namespace circuit {

/// An entry of `set` with its places filled.
struct SetEntry {
  std::string supernode;  ///< empty: `edit` is all of it
  FeatureEdit edit;       ///< of a supernode its operation and value alone
  bool mean = false;      ///< `=mean`, `=meanxM`: each feature's own mean times `edit.value`
};

/// Throws std::invalid_argument that quotes the text.
SetEntry parse_set_entry(std::string_view text);
/// The name behind `@`, places or not; empty for other entries.
std::string supernode_name(std::string_view entry);

/// Prompts whose fields fill the places.
struct Filling {
  std::size_t from = 0;
  std::optional<std::size_t> to;
};

struct StudyChanges {
  std::vector<FeatureEdit> edits;
  std::vector<PositionSwap> swaps;
  std::set<std::size_t> read;  ///< prompts whose graphs it was chosen from
  std::string problem;         ///< why it cannot be made; empty = it can
};

using WriteNorm = std::function<double(std::int64_t layer, std::int64_t feature)>;

/// Everything passed outlives it. Thread-safe when `traced` is.
class ChangeMaker {
 public:
  /// Reads supernode files; `transcoders_hash` is theirs unless empty. Throws std::runtime_error
  /// `[read_supernodes] …` and `[read_study] …` for groups that are not there, nodes that are no
  /// features, entries of `set` that mean nothing, and roles that no tested prompt has.
  ChangeMaker(const StudyFile& study, const StudyInputs& inputs, const Roles& roles,
              const std::string& transcoders_hash);

  /// All prompts whose graphs may be asked for.
  std::set<std::size_t> needed(const StudyIntervention& one, const StudyUnit& unit,
                               const Filling& filling) const;
  StudyChanges make(const StudyIntervention& one, double strength, const StudyUnit& unit,
                    const Filling& filling, const TracedPrompts& traced) const;
  /// The same with supernodes of the same size that fire most.
  StudyChanges make_by_activation(const StudyIntervention& one, double strength,
                                  const StudyUnit& unit, const TracedPrompts& traced,
                                  const WriteNorm& write_norm) const;
  /// Positions (here, in `to`) of the roles of its supernodes and its swap; empty when the pair
  /// lacks one.
  std::vector<std::pair<std::int64_t, std::int64_t>> places(const StudyIntervention& one,
                                                            const StudyUnit& unit) const;
  /// The prompt that stands for a wrong concept; nothing when there is none.
  std::optional<std::size_t> third_prompt(const StudyIntervention& one,
                                          const StudyUnit& unit) const;

 private:
  struct FileNode {
    std::int64_t layer = 0, feature = 0;
    EditPositions positions;
  };
  using FileGroups = std::map<std::string, std::vector<FileNode>>;

  void read_supernodes(const StudySupernode& node, const std::string& transcoders_hash);
  void check_sets() const;
  std::vector<const StudySupernode*> supernodes_of(const StudyIntervention& one) const;
  ChoicePrompts choice_prompts(const StudySupernode& node, const StudyUnit& unit,
                               const Filling& filling) const;
  template <typename Choose>
  StudyChanges make_with(const StudyIntervention& one, double strength, const StudyUnit& unit,
                         const Filling& filling, Choose&& choose) const;
  void add_members(const SetEntry& entry, const std::vector<SupernodeMember>& members,
                   std::size_t prompt, StudyChanges& changes) const;
  void add_swap(const StudySwap& swap, const StudyIntervention& one, const StudyUnit& unit,
                StudyChanges& changes) const;
  const std::vector<FileNode>* file_nodes(const StudySupernode& node, const Filling& filling) const;

  const StudyFile& study_;
  const StudyInputs& inputs_;
  const Roles& roles_;
  std::map<std::string, FileGroups> files_;  // by supernode
};

/// The roles that a study's supernodes and swaps name.
std::vector<std::string> roles_of(const StudyFile& study);

}  // namespace circuit
