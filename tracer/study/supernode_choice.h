// Which features stand for something: chosen from graphs of prompts that have it, against prompts
// that have not (docs/studies.md, select).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tracer/study/roles.h"
#include "tracer/study/study_file.h"
#include "tracer/study/traced_prompt.h"

namespace circuit {

/// Prompts to choose from, as places in the study's list, ascending.
struct ChoicePrompts {
  std::vector<std::size_t> with;   ///< field = value
  std::vector<std::size_t> other;  ///< field = another value
};

/// Never `tested`, nor prompts that agree with one of them in a field of `exclude_same`. Where
/// there are more than `most_prompts`, those that come first by a hash of seed and id, so that
/// different pairs ask for the same graphs.
ChoicePrompts find_choice_prompts(const std::vector<PromptEntry>& prompts, const SelectRule& rule,
                                  const std::string& value, std::span<const std::size_t> tested,
                                  std::uint64_t seed);

/// A feature of a supernode, wherever the role is in a prompt.
struct SupernodeMember {
  std::int64_t layer = 0, feature = 0;
  std::string role;
  double mean = 0;   ///< activation over the prompts `with`, 0 where it did not fire
  double score = 0;  ///< why it was chosen; positive

  bool operator==(const SupernodeMember&) const = default;
};

using TracedPrompts = std::function<const std::vector<TracedFeature>&(std::size_t prompt)>;

/// By score, descending; ties by role, layer, feature. At most `rule.max`. Prompts without a role
/// do not count for it.
std::vector<SupernodeMember> choose_by_influence(const SelectRule& rule,
                                                 const ChoicePrompts& chosen, const Roles& roles,
                                                 const TracedPrompts& traced);

/// `size` of the features that fire at these places, by mean activation times what `write_norm`
/// says of a (layer, feature).
std::vector<SupernodeMember> choose_by_activation(
    const SelectRule& rule, const ChoicePrompts& chosen, const Roles& roles,
    const TracedPrompts& traced, std::size_t size,
    const std::function<double(std::int64_t layer, std::int64_t feature)>& write_norm);

}  // namespace circuit
