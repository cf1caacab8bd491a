#include "tracer/study/study_changes.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <tuple>

#include "export/names/node_ids.h"
#include "export/names/supernode_file.h"
#include "tracer/study/place_text.h"
#include "transcoders/weights/content_hash.h"
#include "transcoders/weights/printable_name.h"

namespace circuit {
namespace {

[[noreturn]] void refuse(const StudyFile& study, const std::string& what) {
  throw std::runtime_error("[read_study] " + study.path.string() + ": " + what);
}

EditPositions at_position(std::int64_t position) {
  return {.begin = position, .end = position + 1, .name = {}};
}

PlaceValues values_of(const StudyInputs& inputs, const Filling& filling,
                      std::optional<double> strength = {}) {
  return {.from = &inputs.prompts[filling.from],
          .to = filling.to ? &inputs.prompts[*filling.to] : nullptr,
          .strength = strength};
}

void add_roles(const std::vector<std::string>& more, std::vector<std::string>& roles) {
  for (const std::string& role : more) {
    if (std::ranges::find(roles, role) == roles.end()) roles.push_back(role);
  }
}

}  // namespace

std::vector<std::string> roles_of(const StudyFile& study) {
  std::vector<std::string> roles;
  for (const StudySupernode& node : study.supernodes) {
    if (node.select) add_roles(node.select->positions, roles);
  }
  for (const StudyIntervention& one : study.interventions) {
    if (one.swap) add_roles(one.swap->positions, roles);
  }
  return roles;
}

ChangeMaker::ChangeMaker(const StudyFile& study, const StudyInputs& inputs, const Roles& roles,
                         const std::string& transcoders_hash)
    : study_(study), inputs_(inputs), roles_(roles) {
  for (const StudySupernode& node : study.supernodes) {
    if (!node.select) read_supernodes(node, transcoders_hash);
  }
  for (const std::string& role : roles_of(study)) {
    const bool found = std::ranges::any_of(inputs.units, [&](const StudyUnit& unit) {
      return roles.find(unit.from, role).has_value();
    });
    if (!found) refuse(study, "positions: " + printable_name(role) + " stands in no tested prompt");
  }
  check_sets();
}

void ChangeMaker::read_supernodes(const StudySupernode& node, const std::string& transcoders_hash) {
  const SupernodeFile file = read_supernode_file(node.file);
  if (!transcoders_hash.empty() && file.transcoders_hash != transcoders_hash) {
    throw std::runtime_error("[read_supernodes] " + node.file.string() + ": made for transcoders " +
                             printable_name(file.transcoders_hash) + ", these are " +
                             transcoders_hash + " (--force takes it all the same)");
  }
  for (const ViewState::Supernode& group : file.supernodes) {
    std::vector<FileNode>& nodes = files_[node.name][group.name];
    for (const std::string& text : group.node_ids) {
      const auto id = parse_node_id(text);
      if (!id || !id->layer || id->number < 0) {
        throw std::runtime_error("[read_supernodes] " + node.file.string() + ": " +
                                 printable_name(text) + " is no feature, expected L_F_P or L_F_*");
      }
      nodes.push_back({.layer = *id->layer,
                       .feature = id->number,
                       .positions = id->position
                                        ? at_position(*id->position)
                                        : EditPositions{.begin = 0, .end = {}, .name = {}}});
    }
  }
}

void ChangeMaker::check_sets() const {
  for (const StudyIntervention& one : study_.interventions) {
    for (const std::string& text : one.set) {
      const std::string name = supernode_name(text);
      const StudySupernode* const node = study_.find_supernode(name);
      if (!name.empty() && node == nullptr) {
        refuse(study_,
               "intervention " + one.name + ": there is no supernode " + printable_name(name));
      }
      for (const StudyUnit& unit : inputs_.units) {
        const Filling filling{unit.from, unit.to};
        try {
          const SetEntry entry =
              parse_set_entry(fill_places(text, values_of(inputs_, filling, one.strengths[0])));
          if (node == nullptr) continue;
          if (node->select)
            fill_places(node->select->value, values_of(inputs_, filling));
          else if (entry.mean)
            throw std::invalid_argument("=mean needs a supernode with select");
          else if (file_nodes(*node, filling) == nullptr) {
            throw std::invalid_argument("the file has no group '" +
                                        fill_places(node->group, values_of(inputs_, filling)) +
                                        "'");
          }
        } catch (const std::invalid_argument& error) {
          refuse(study_, "intervention " + one.name + ": " + error.what());
        }
      }
    }
  }
}

std::vector<const StudySupernode*> ChangeMaker::supernodes_of(const StudyIntervention& one) const {
  std::vector<const StudySupernode*> nodes;
  for (const std::string& text : one.set) {
    const StudySupernode* const node = study_.find_supernode(supernode_name(text));
    if (node != nullptr && std::ranges::find(nodes, node) == nodes.end()) nodes.push_back(node);
  }
  return nodes;
}

ChoicePrompts ChangeMaker::choice_prompts(const StudySupernode& node, const StudyUnit& unit,
                                          const Filling& filling) const {
  std::vector<std::size_t> tested{unit.from, unit.wanted(), filling.from,
                                  filling.to.value_or(filling.from)};
  return find_choice_prompts(inputs_.prompts, *node.select,
                             fill_places(node.select->value, values_of(inputs_, filling)), tested,
                             study_.seed);
}

std::set<std::size_t> ChangeMaker::needed(const StudyIntervention& one, const StudyUnit& unit,
                                          const Filling& filling) const {
  std::set<std::size_t> prompts;
  for (const StudySupernode* const node : supernodes_of(one)) {
    if (!node->select) continue;
    const ChoicePrompts chosen = choice_prompts(*node, unit, filling);
    prompts.insert(chosen.with.begin(), chosen.with.end());
    prompts.insert(chosen.other.begin(), chosen.other.end());
  }
  return prompts;
}

const std::vector<ChangeMaker::FileNode>* ChangeMaker::file_nodes(const StudySupernode& node,
                                                                  const Filling& filling) const {
  const FileGroups& groups = files_.at(node.name);
  const auto found = groups.find(fill_places(node.group, values_of(inputs_, filling)));
  return found == groups.end() ? nullptr : &found->second;
}

void ChangeMaker::add_members(const SetEntry& entry, const std::vector<SupernodeMember>& members,
                              std::size_t prompt, StudyChanges& changes) const {
  std::size_t placed = 0;
  for (const SupernodeMember& member : members) {
    const auto position = roles_.find(prompt, member.role);
    if (!position || *position == 0) continue;
    FeatureEdit edit = entry.edit;
    edit.layer = member.layer;
    edit.feature = member.feature;
    edit.positions = at_position(*position);
    if (entry.mean) {
      edit.operation = FeatureEdit::Operation::kSet;
      edit.value *= member.mean;
    }
    changes.edits.push_back(std::move(edit));
    ++placed;
  }
  if (placed == 0) changes.problem = "supernode " + entry.supernode + " is empty";
}

// `choose` gives the members of a supernode that is selected.
template <typename Choose>
StudyChanges ChangeMaker::make_with(const StudyIntervention& one, double strength,
                                    const StudyUnit& unit, const Filling& filling,
                                    Choose&& choose) const {
  StudyChanges changes;
  for (const std::string& text : one.set) {
    const SetEntry entry =
        parse_set_entry(fill_places(text, values_of(inputs_, filling, strength)));
    if (entry.supernode.empty()) {
      changes.edits.push_back(entry.edit);
      continue;
    }
    const StudySupernode& node = *study_.find_supernode(entry.supernode);
    if (node.select) {
      const ChoicePrompts chosen = choice_prompts(node, unit, filling);
      changes.read.insert(chosen.with.begin(), chosen.with.end());
      changes.read.insert(chosen.other.begin(), chosen.other.end());
      add_members(entry, choose(*node.select, chosen), unit.from, changes);
      continue;
    }
    const std::vector<FileNode>* const nodes = file_nodes(node, filling);
    if (nodes == nullptr || nodes->empty()) {
      changes.problem = "supernode " + entry.supernode + " is empty";
      continue;
    }
    for (const FileNode& member : *nodes) {
      FeatureEdit edit = entry.edit;
      std::tie(edit.layer, edit.feature, edit.positions) =
          std::tie(member.layer, member.feature, member.positions);
      changes.edits.push_back(std::move(edit));
    }
  }
  if (one.swap) add_swap(*one.swap, one, unit, changes);
  return changes;
}

StudyChanges ChangeMaker::make(const StudyIntervention& one, double strength, const StudyUnit& unit,
                               const Filling& filling, const TracedPrompts& traced) const {
  return make_with(one, strength, unit, filling,
                   [&](const SelectRule& rule, const ChoicePrompts& chosen) {
                     return choose_by_influence(rule, chosen, roles_, traced);
                   });
}

StudyChanges ChangeMaker::make_by_activation(const StudyIntervention& one, double strength,
                                             const StudyUnit& unit, const TracedPrompts& traced,
                                             const WriteNorm& write_norm) const {
  StudyChanges changes =
      make_with(one, strength, unit, {unit.from, unit.to},
                [&](const SelectRule& rule, const ChoicePrompts& chosen) {
                  const std::size_t size = choose_by_influence(rule, chosen, roles_, traced).size();
                  return choose_by_activation(rule, chosen, roles_, traced, size, write_norm);
                });
  const auto nodes = supernodes_of(one);
  if (std::ranges::none_of(nodes, [](const auto* node) { return node->select.has_value(); })) {
    changes.problem = "no supernode is selected";
  }
  return changes;
}

void ChangeMaker::add_swap(const StudySwap& swap, const StudyIntervention& one,
                           const StudyUnit& unit, StudyChanges& changes) const {
  StudyIntervention alone{.name = one.name, .swap = swap};
  std::vector<std::pair<std::int64_t, std::int64_t>> map = places(alone, unit);
  if (map.empty()) {
    changes.problem = "a place of the swap stands in one of the prompts alone";
    return;
  }
  changes.swaps.push_back({.kind = swap.kind,
                           .from = input_of(inputs_.prompts[*unit.to]),
                           .map = std::move(map),
                           .layers = swap.layers});
}

std::vector<std::pair<std::int64_t, std::int64_t>> ChangeMaker::places(
    const StudyIntervention& one, const StudyUnit& unit) const {
  std::vector<std::string> roles;
  std::set<std::pair<std::int64_t, std::int64_t>> found;
  if (!unit.to) return {};
  for (const StudySupernode* const node : supernodes_of(one)) {
    if (node->select) add_roles(node->select->positions, roles);
    if (node->select) continue;
    if (roles_.n_positions(unit.from) != roles_.n_positions(*unit.to)) return {};
    for (const FileNode& member : *file_nodes(*node, {unit.from, unit.to})) {
      if (!member.positions.end) return {};
      found.emplace(*member.positions.begin, *member.positions.begin);
    }
  }
  if (one.swap) add_roles(one.swap->positions, roles);
  for (const std::string& role : roles) {
    const auto here = roles_.find(unit.from, role), there = roles_.find(*unit.to, role);
    if (!here || !there || *here == 0 || *there == 0) return {};
    found.emplace(*here, *there);
  }
  return {found.begin(), found.end()};
}

std::optional<std::size_t> ChangeMaker::third_prompt(const StudyIntervention& one,
                                                     const StudyUnit& unit) const {
  const std::string_view side = unit.to ? "to" : "from";
  std::set<std::string> named;
  const auto add = [&](std::string_view text) { named.merge(fields_of(text, side)); };
  for (const std::string& text : one.set) add(text);
  for (const StudySupernode* const node : supernodes_of(one)) {
    add(node->select ? node->select->value : node->group);
  }
  if (named.empty()) return std::nullopt;
  named.insert("answer");
  const PromptEntry& from = inputs_.prompts[unit.from];
  const PromptEntry& wanted = inputs_.prompts[unit.wanted()];
  const auto is_third = [&](const PromptEntry& prompt) {
    return std::ranges::all_of(named, [&](const auto& field) {
      const auto value = value_of(prompt, field);
      return value && value != value_of(from, field) && value != value_of(wanted, field);
    });
  };
  std::optional<std::pair<std::tuple<bool, std::int64_t, std::string>, std::size_t>> best;
  for (std::size_t place = 0; place < inputs_.prompts.size(); ++place) {
    const PromptEntry& prompt = inputs_.prompts[place];
    if (!is_third(prompt)) continue;
    std::int64_t alike = 0;
    for (const auto& [field, value] : wanted.fields) alike += value_of(prompt, field) == value;
    const std::string drawn = text_hash(std::to_string(study_.seed) + " " + unit.pair_id + " " +
                                        from.id + " " + prompt.id);
    const std::pair candidate{std::tuple{prompt.family != wanted.family, -alike, drawn}, place};
    if (!best || candidate < *best) best = candidate;
  }
  if (!best) return std::nullopt;
  return best->second;
}

}  // namespace circuit
