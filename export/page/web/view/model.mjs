// Everything that the panels show, derived from the state. What a change does not touch stays the
// same object, so that panels see what they need not draw again.
import {compareGraphs} from "../core/compare.mjs";
import {boxesOf, linksBetween} from "../core/groups.mjs";
import {strongestPath} from "../core/paths.mjs";
import {linkScores, shownAt} from "../core/prune.mjs";
import {choiceOf, scoresOf} from "../core/scores.mjs";

/** `page`: {graph, cards, theme, other: the second graph or null, ends, found} */
export function deriveModel(page, state, before) {
  const {graph, cards, theme, other, ends, found} = page;
  const was = before?.state;
  const model = {graph, cards, theme, state, ends, found};
  const keep = (key, same, make) => {
    model[key] = before && same ? before[key] : make();
  };
  const shares = was && was.nodeShare === state.nodeShare && was.linkShare === state.linkShare;
  const pins = was && was.pins === state.pins && was.groups === state.groups;
  keep("strength", true, () => strengths(graph));
  model.strengthOf = (box) => Math.max(...box.members.map((i) => model.strength[i]));
  keep("shown", shares, () => shownAt(graph, state.nodeShare, state.linkShare));
  keep("linkScores", shares, () => linkScores(graph, model.shown.links));
  keep("pinned", pins, () => state.pins.map((id) => graph.index.get(id)));
  keep("boxes", pins, () => boxesOf(graph, state));
  keep("boxLinks", pins && shares, () => linksBetween(graph, model.shown, model.boxes));
  keep("members", pins && was.selected === state.selected, () => membersOf(graph, state));
  keep("scores", pins && shares, () => allScores(graph, model));
  keep("path", shares && was.path === state.path, () => pathOf(graph, model.shown, state));
  keep("compare", shares && before.other === other && was.labels === state.labels, () =>
    other ? {...compareGraphs(graph, model.shown, other, state.labels), graph: other} : null,
  );
  model.other = other;
  return model;
}

/** In [0, 1]; the root spreads what is mostly small. */
function strengths(graph) {
  let most = 0;
  for (let i = 0; i < graph.n; ++i)
    if (graph.kind[i] === 0) most = Math.max(most, graph.influence[i]);
  return graph.influence.map((value) => (most > 0 ? Math.min(1, Math.sqrt(value / most)) : 0));
}

function membersOf(graph, state) {
  const group = state.groups.find(({id}) => id === state.selected);
  return (group ? group.members : [state.selected])
    .map((id) => graph.index.get(id))
    .filter((i) => i !== undefined);
}

function allScores(graph, {shown, pinned}) {
  const {whole, pruned} = graph.head.scores;
  if (!graph.head.scorable) return {whole};
  const everything = shown.nNodes === graph.n;
  return {
    whole,
    nodes: everything ? pruned : scoresOf(graph, shown.nodes),
    links: scoresOf(graph, shown.nodes, shown.links),
    pins: pinned.length > 0 ? scoresOf(graph, choiceOf(graph, new Set(pinned))) : null,
  };
}

function pathOf(graph, shown, {path}) {
  if (!path) return null;
  return strongestPath(graph, shown, graph.index.get(path[0]), graph.index.get(path[1]));
}
