// What two graphs have in common: nodes matched by layer and feature, tokens and outputs by text;
// errors are in every graph and are left out. Positions may differ.
import {ERROR, FEATURE, TARGET, TOKEN, nodeName, nodeText} from "./graph.mjs";

function keyOf(graph, i) {
  switch (graph.kind[i]) {
    case FEATURE:
      return `${graph.layer[i]}_${graph.feature[i]}`;
    case TOKEN:
      return `token ${graph.tokens[graph.position[i]]}`;
    case TARGET:
      return `output ${graph.texts[i]}`;
    default:
      return null;
  }
}

/** key → nodes of it that are shown */
function byKey(graph, nodes) {
  const keys = new Map();
  for (let i = 0; i < graph.n; ++i) {
    if (graph.kind[i] === ERROR || !nodes[i]) continue;
    const key = keyOf(graph, i);
    if (!keys.has(key)) keys.set(key, []);
    keys.get(key).push(i);
  }
  return keys;
}

function linkKeys(graph, links) {
  const keys = new Set();
  for (let e = 0; e < graph.m; ++e) {
    const source = keyOf(graph, graph.source[e]),
      target = keyOf(graph, graph.target[e]);
    if (links[e] && source !== null && target !== null) keys.add(`${source} → ${target}`);
  }
  return keys;
}

/**
 * {common, onlyA, onlyB: [{key, name, text, a: nodes, b: nodes, influenceA, influenceB}], most
 * influential first; status [a.n]: 0 none, 1 common, 2 only A; links: {common, onlyA, onlyB}}
 */
export function compareGraphs(a, shown, b, labels = {}) {
  const inA = byKey(a, shown.nodes),
    inB = byKey(b, new Uint8Array(b.n).fill(1));
  const entry = (key) => {
    const left = inA.get(key) ?? [],
      right = inB.get(key) ?? [];
    const [graph, i] = left.length > 0 ? [a, left[0]] : [b, right[0]];
    const sum = (of, nodes) => nodes.reduce((total, node) => total + of.influence[node], 0);
    return {
      key,
      name: nodeName(graph, i),
      text: nodeText(graph, i, graph === a ? labels : {}),
      a: left,
      b: right,
      influenceA: sum(a, left),
      influenceB: sum(b, right),
    };
  };
  const weight = (e) => Math.max(e.influenceA, e.influenceB);
  const sorted = (keys) =>
    keys.map(entry).sort((x, y) => weight(y) - weight(x) || (x.key < y.key ? -1 : 1));
  const status = new Uint8Array(a.n);
  for (const [key, nodes] of inA) for (const i of nodes) status[i] = inB.has(key) ? 1 : 2;
  return {
    common: sorted([...inA.keys()].filter((key) => inB.has(key))),
    onlyA: sorted([...inA.keys()].filter((key) => !inB.has(key))),
    onlyB: sorted([...inB.keys()].filter((key) => !inA.has(key))),
    status,
    links: compareLinks(linkKeys(a, shown.links), linkKeys(b, b.shown)),
  };
}

function compareLinks(inA, inB) {
  let common = 0;
  for (const key of inA) if (inB.has(key)) ++common;
  return {common, onlyA: inA.size - common, onlyB: inB.size - common};
}
