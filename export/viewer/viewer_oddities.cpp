#include "export/viewer/viewer_oddities.h"

#include "export/text/output_text.h"

namespace circuit {

std::vector<std::string> ViewerOddities::sentences() const {
  std::vector<std::string> sentences;
  const auto say = [&](std::size_t count, const std::string& what) {
    if (count > 0) sentences.push_back(std::to_string(count) + " " + what);
  };
  const auto note = [&](bool holds, const std::string& what) {
    if (holds) sentences.push_back(what);
  };
  say(not_numbers, "times NaN or Infinity, which are no JSON: taken as null");
  say(unknown_types, "nodes of a type that graphs do not have left out, such as '" +
                         one_line(shorten(first_unknown_type, 40)) + "'");
  say(repeated_nodes, "nodes stand there again: the first counts");
  say(shared_ids, "nodes have the id of another node");
  say(ambiguous_links, "links from such an id could be either's: given to the feature");
  say(dangling_links, "links to or from nodes that are not there left out");
  say(weightless_links, "links without a finite weight left out");
  say(repeated_links, "links stand there again: the first counts");
  say(without_activation, "features without activation: 0");
  say(without_influence, influence_computed
                             ? "nodes without influence: computed from what the file holds"
                             : "nodes without influence: the least");
  say(without_probability, "targets without probability: 0");
  say(without_token_id, "tokens without id: -1");
  say(moved_targets, "targets stand before the last position: taken as there");
  say(qk_results, "nodes with QK results that name no head and no key left out");
  say(unknown_ids, "ids of pins, groups or labels that name no node left out");
  note(layers_doubled, "attention features: layer L is read as layers 2L (attention), 2L+1 (MLP)");
  note(layers_guessed, "the number of layers is not said: that of the highest node");
  return sentences;
}

}  // namespace circuit
