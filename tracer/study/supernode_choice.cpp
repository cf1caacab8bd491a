#include "tracer/study/supernode_choice.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "tracer/study/place_text.h"
#include "tracer/study/study_inputs.h"
#include "transcoders/weights/content_hash.h"

namespace circuit {
namespace {

// Keeps the `most` that come first by hash, in ascending order of place.
void draw(std::vector<std::size_t>& places, const std::vector<PromptEntry>& prompts,
          std::int64_t most, std::uint64_t seed) {
  const auto keep = static_cast<std::size_t>(most);
  if (places.size() <= keep) return;
  std::vector<std::pair<std::string, std::size_t>> order;
  for (const std::size_t place : places) {
    order.emplace_back(text_hash(std::to_string(seed) + " " + prompts[place].id), place);
  }
  std::ranges::sort(order);
  places.clear();
  for (std::size_t i = 0; i < keep; ++i) places.push_back(order[i].second);
  std::ranges::sort(places);
}

struct Sums {
  double influence = 0, direct = 0, activation = 0;  // over the prompts with the value
  double other_influence = 0;
};

using Place = std::tuple<std::string, std::int64_t, std::int64_t>;  // role, layer, feature

// What fires at the rule's places, added up over prompts.
class PlaceSums {
 public:
  PlaceSums(const SelectRule& rule, const Roles& roles, const TracedPrompts& traced)
      : rule_(rule), roles_(roles), traced_(traced) {}

  void add(const ChoicePrompts& chosen) {
    for (const std::size_t prompt : chosen.with) add(prompt, /*with=*/true);
    for (const std::size_t prompt : chosen.other) add(prompt, /*with=*/false);
  }

  const std::map<Place, Sums>& sums() const { return sums_; }
  double with(const std::string& role) const { return count(with_, role); }
  double other(const std::string& role) const { return count(other_, role); }

 private:
  static double count(const std::map<std::string, double>& counts, const std::string& role) {
    const auto found = counts.find(role);
    return found == counts.end() ? 1 : found->second;  // nothing was added
  }

  void add(std::size_t prompt, bool with) {
    for (const std::string& role : rule_.positions) {
      const auto position = roles_.find(prompt, role);
      if (!position) continue;
      (with ? with_ : other_)[role] += 1;
      for (const TracedFeature& one : traced_(prompt)) {
        if (one.position != *position || (rule_.layers && !rule_.layers->contains(one.layer))) {
          continue;
        }
        Sums& sums = sums_[{role, one.layer, one.feature}];
        (with ? sums.influence : sums.other_influence) += one.influence;
        if (!with) continue;
        sums.direct += one.influence * one.direct_share;
        sums.activation += static_cast<double>(one.activation);
      }
    }
  }

  const SelectRule& rule_;
  const Roles& roles_;
  const TracedPrompts& traced_;
  std::map<Place, Sums> sums_;
  std::map<std::string, double> with_, other_;  // prompts that have the role
};

// The strongest, those without a positive score left out.
std::vector<SupernodeMember> strongest(std::vector<SupernodeMember> members, std::size_t most) {
  std::erase_if(members, [](const SupernodeMember& member) { return !(member.score > 0); });
  std::ranges::sort(members, [](const SupernodeMember& a, const SupernodeMember& b) {
    return std::tie(b.score, a.role, a.layer, a.feature) <
           std::tie(a.score, b.role, b.layer, b.feature);
  });
  members.resize(std::min(members.size(), most));
  return members;
}

}  // namespace

ChoicePrompts find_choice_prompts(const std::vector<PromptEntry>& prompts, const SelectRule& rule,
                                  const std::string& value, std::span<const std::size_t> tested,
                                  std::uint64_t seed) {
  const auto is_free = [&](std::size_t place) {
    return std::ranges::all_of(tested, [&](std::size_t other) {
      return place != other && std::ranges::all_of(rule.exclude_same, [&](const auto& field) {
               const auto here = value_of(prompts[place], field);
               return !here || here != value_of(prompts[other], field);
             });
    });
  };
  ChoicePrompts found;
  for (std::size_t place = 0; place < prompts.size(); ++place) {
    const auto here = value_of(prompts[place], rule.field);
    if (!here || !fits(prompts[place], rule.where) || !is_free(place)) continue;
    (*here == value ? found.with : found.other).push_back(place);
  }
  draw(found.with, prompts, rule.most_prompts, seed);
  draw(found.other, prompts, rule.most_prompts, seed);
  return found;
}

std::vector<SupernodeMember> choose_by_influence(const SelectRule& rule,
                                                 const ChoicePrompts& chosen, const Roles& roles,
                                                 const TracedPrompts& traced) {
  PlaceSums places(rule, roles, traced);
  places.add(chosen);
  std::vector<SupernodeMember> members;
  for (const auto& [place, sums] : places.sums()) {
    const auto& [role, layer, feature] = place;
    if (rule.exclude_direct && sums.direct > *rule.exclude_direct * sums.influence) continue;
    members.push_back(
        {.layer = layer,
         .feature = feature,
         .role = role,
         .mean = sums.activation / places.with(role),
         .score = sums.influence / places.with(role) - sums.other_influence / places.other(role)});
  }
  return strongest(std::move(members), static_cast<std::size_t>(rule.max));
}

std::vector<SupernodeMember> choose_by_activation(
    const SelectRule& rule, const ChoicePrompts& chosen, const Roles& roles,
    const TracedPrompts& traced, std::size_t size,
    const std::function<double(std::int64_t layer, std::int64_t feature)>& write_norm) {
  PlaceSums places(rule, roles, traced);
  places.add({.with = chosen.with, .other = {}});
  std::vector<SupernodeMember> members;
  for (const auto& [place, sums] : places.sums()) {
    const auto& [role, layer, feature] = place;
    const double mean = sums.activation / places.with(role);
    members.push_back({.layer = layer,
                       .feature = feature,
                       .role = role,
                       .mean = mean,
                       .score = mean * write_norm(layer, feature)});
  }
  return strongest(std::move(members), size);
}

}  // namespace circuit
