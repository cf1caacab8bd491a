// The graph of what a person pinned: single nodes and groups as boxes, links between boxes summed.

/**
 * Boxes of the subgraph in order of their first member. A pinned member of a group is in the
 * group's box only. {id, name, members: node indices, group: bool, influence: sum of members'}
 */
export function boxesOf(graph, state) {
  const grouped = new Set(),
    boxes = [];
  for (const {id, name, members} of state.groups) {
    const nodes = members.map((member) => graph.index.get(member)).filter((i) => i !== undefined);
    if (nodes.length === 0) continue;
    for (const i of nodes) grouped.add(i);
    boxes.push({id, name, members: nodes.sort((a, b) => a - b), group: true});
  }
  for (const id of state.pins) {
    const i = graph.index.get(id);
    if (i !== undefined && !grouped.has(i)) boxes.push({id, name: "", members: [i], group: false});
  }
  for (const box of boxes) {
    box.influence = box.members.reduce((sum, i) => sum + graph.influence[i], 0);
  }
  return boxes.sort((a, b) => a.members[0] - b.members[0]);
}

/**
 * Links between boxes: signed `weight` and `absolute` Σ|w| over the shown links from members of one
 * to members of the other; `share` = absolute over all that the target's members read. Weak first.
 * Links inside a box are in none.
 */
export function linksBetween(graph, shown, boxes) {
  const boxOf = new Int32Array(graph.n).fill(-1);
  boxes.forEach((box, b) => {
    for (const i of box.members) boxOf[i] = b;
  });
  const sums = new Map();
  boxes.forEach((box, target) => {
    for (const row of box.members) {
      for (let e = graph.offset[row]; e < graph.offset[row + 1]; ++e) {
        const source = boxOf[graph.source[e]];
        if (!shown.links[e] || source < 0 || source === target) continue;
        const key = source * boxes.length + target;
        const link = sums.get(key) ?? {source, target, weight: 0, absolute: 0, links: 0};
        link.weight += graph.weight[e];
        link.absolute += Math.abs(graph.weight[e]);
        ++link.links;
        sums.set(key, link);
      }
    }
  });
  const inputs = boxes.map((box) => box.members.reduce((sum, i) => sum + shown.inputs[i], 0));
  const all = [...sums.values()];
  for (const link of all)
    link.share = inputs[link.target] > 0 ? link.absolute / inputs[link.target] : 0;
  return all.sort((a, b) => a.share - b.share || a.target - b.target || a.source - b.source);
}

/**
 * What `members` together read (`inputs`) or feed (outputs), strongest first, links among them left
 * out: [{node, weight: signed sum, absolute, share}]. The share of an input is of all that the
 * members read from outside; of an output, of all that its reader reads.
 */
export function neighbours(graph, shown, members, inputs) {
  const inside = new Set(members),
    sums = new Map();
  let outside = 0;
  const add = (node, e) => {
    const entry = sums.get(node) ?? {node, weight: 0, absolute: 0, share: 0};
    entry.weight += graph.weight[e];
    entry.absolute += Math.abs(graph.weight[e]);
    sums.set(node, entry);
  };
  for (const i of members) {
    if (inputs) {
      for (let e = graph.offset[i]; e < graph.offset[i + 1]; ++e) {
        if (!shown.links[e] || inside.has(graph.source[e])) continue;
        outside += Math.abs(graph.weight[e]);
        add(graph.source[e], e);
      }
    } else {
      for (let k = graph.outOffset[i]; k < graph.outOffset[i + 1]; ++k) {
        const e = graph.outLink[k];
        if (shown.links[e] && !inside.has(graph.target[e])) add(graph.target[e], e);
      }
    }
  }
  const all = [...sums.values()];
  for (const entry of all) {
    const of = inputs ? outside : shown.inputs[entry.node];
    entry.share = of > 0 ? entry.absolute / of : 0;
  }
  return all.sort((a, b) => b.share - a.share || a.node - b.node);
}
