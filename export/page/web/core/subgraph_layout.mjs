// Where the boxes of the subgraph stand when nobody has moved them: rows by layer, and in a row near
// what they are linked with. `force` is d3-force, whose random numbers are always the same.
import {TARGET, TOKEN} from "./graph.mjs";

export const BOX = {width: 128, height: 40, gap: 18, rise: 78};

/** {id: [x, y]} of the middles; those in `places` keep theirs. */
export function placeBoxes(graph, boxes, links, places, force) {
  const rows = rowsOf(graph, boxes);
  const nodes = boxes.map((box, b) => {
    const own = places[box.id];
    const column = box.members.reduce((sum, i) => sum + graph.position[i], 0) / box.members.length;
    return {
      b,
      y: -rows[b] * BOX.rise,
      x: column * (BOX.width + BOX.gap) * 0.6,
      ...(own ? {fx: own[0], fy: own[1], x: own[0], y: own[1]} : {}),
    };
  });
  const edges = links.map(({source, target, share}) => ({source, target, share}));
  const simulation = force
    .forceSimulation(nodes)
    .stop()
    .force(
      "link",
      force
        .forceLink(edges)
        .strength((e) => 0.02 + 0.3 * Math.min(1, e.share))
        .distance(BOX.rise),
    )
    .force("row", force.forceY((node) => -rows[node.b] * BOX.rise).strength(1))
    .force("near", force.forceX((node) => node.x).strength(0.02));
  simulation.tick(120);
  const placed = {};
  for (const row of new Set(rows))
    spreadRow(
      nodes.filter((node) => rows[node.b] === row),
      row,
    );
  for (const node of nodes) placed[boxes[node.b].id] = [Math.round(node.x), Math.round(node.y)];
  return placed;
}

/** Ranks of the layers that occur, from 0 at the bottom; a group's layer is its members' mean. */
function rowsOf(graph, boxes) {
  const layers = boxes.map(({members}) => {
    if (members.every((i) => graph.kind[i] === TOKEN)) return -1;
    if (members.every((i) => graph.kind[i] === TARGET)) return Infinity;
    return Math.round(
      members.reduce((sum, i) => sum + Math.min(graph.layer[i], 1e6), 0) / members.length,
    );
  });
  const ranks = [...new Set(layers)].sort((a, b) => a - b);
  return layers.map((layer) => ranks.indexOf(layer));
}

/** Boxes of a row side by side around where they wanted to be. */
function spreadRow(nodes, row) {
  const free = nodes.filter((node) => node.fx === undefined).sort((a, b) => a.x - b.x || a.b - b.b);
  if (free.length === 0) return;
  const mean = free.reduce((sum, node) => sum + node.x, 0) / free.length,
    step = BOX.width + BOX.gap;
  free.forEach((node, k) => {
    const wanted = node.x;
    node.x = k === 0 ? wanted : Math.max(wanted, free[k - 1].x + step);
    node.y = -row * BOX.rise;
  });
  const shift = mean - free.reduce((sum, node) => sum + node.x, 0) / free.length;
  for (const node of free) node.x += shift;
}
