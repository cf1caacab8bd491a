// Which nodes and links two sliders leave: the rule of graph/prune.cpp on what the page holds.
import {ERROR, FEATURE} from "./graph.mjs";
import {ROW_FLOOR, outputWeights, rowSums, sweepInfluence} from "./influence.mjs";

/**
 * What is shown at shares of influence and of link score. At the file's own thresholds it is what
 * the file kept, else what `circuit prune` keeps at these.
 * {nodes [n], links [m], inputs [n]: Σ|w| of the row's shown links, nNodes, nLinks}
 */
export function shownAt(graph, nodeShare, linkShare) {
  const {node_threshold, edge_threshold} = graph.head;
  if (nodeShare >= node_threshold && linkShare >= edge_threshold) {
    return counted(graph, new Uint8Array(graph.n).fill(1), graph.shown);
  }
  const nodes = keptNodes(graph, nodeShare);
  const links = keptLinks(graph, nodes, linkShare);
  dropUnread(graph, nodes, links);
  dropUnfed(graph, nodes, links);
  return counted(graph, nodes, links);
}

function counted(graph, nodes, links) {
  let nNodes = 0,
    nLinks = 0;
  for (const kept of nodes) nNodes += kept;
  for (const kept of links) nLinks += kept;
  return {nodes, links, inputs: rowSums(graph, links), nNodes, nLinks};
}

function keptNodes(graph, share) {
  const nodes = new Uint8Array(graph.n);
  for (let i = 0; i < graph.n; ++i) {
    const before = graph.before[i];
    const kept = share >= 1 ? graph.influence[i] > 0 : before < share || before === 0;
    const stays = graph.kind[i] !== FEATURE && (graph.kind[i] !== ERROR || graph.head.keep_errors);
    nodes[i] = stays || kept ? 1 : 0;
  }
  return nodes;
}

/** Without all links on the page, only those that the file kept can stay. */
function keptLinks(graph, nodes, share) {
  const links = new Uint8Array(graph.m);
  for (let e = 0; e < graph.m; ++e) links[e] = nodes[graph.source[e]] & nodes[graph.target[e]];
  const scores = linkScores(graph, links);
  const keep = (from, to) => {
    const threshold = thresholdScore(scores.subarray(from, to), share);
    for (let e = from; e < to; ++e) links[e] = links[e] && scores[e] >= threshold ? 1 : 0;
  };
  if (graph.head.edges_per_target) {
    for (let row = 0; row < graph.n; ++row) keep(graph.offset[row], graph.offset[row + 1]);
  } else {
    keep(0, graph.m);
  }
  return links;
}

/** Influence that flows over each link of the mask [m]; 0 for the others. */
export function linkScores(graph, links) {
  const influence = sweepInfluence(graph, links),
    weights = outputWeights(graph);
  const sums = rowSums(graph, links),
    scores = new Float64Array(graph.m);
  for (let e = 0; e < graph.m; ++e) {
    if (!links[e]) continue;
    const row = graph.target[e];
    scores[e] =
      (Math.abs(graph.weight[e]) / Math.max(sums[row], ROW_FLOOR)) *
      (influence[row] + weights[row]);
  }
  return scores;
}

/** The score at which the running sum of descending positive scores reaches `share` of all. */
function thresholdScore(scores, share) {
  const sorted = scores.filter((score) => score > 0).sort();
  if (sorted.length === 0) return Infinity;
  if (share >= 1) return sorted[0];
  let total = 0,
    running = 0;
  for (let i = sorted.length - 1; i >= 0; --i) total += sorted[i];
  for (let i = sorted.length - 1; i >= 0; --i) {
    running += sorted[i];
    if (running / total >= share) return sorted[i];
  }
  return sorted[0];
}

/** From the last feature down, every reader of a node has been decided before it; errors last. */
function dropUnread(graph, nodes, links) {
  const readers = new Uint32Array(graph.n);
  for (let e = 0; e < graph.m; ++e) if (links[e]) ++readers[graph.source[e]];
  for (let row = graph.n - 1; row >= 0; --row) {
    if (graph.kind[row] !== FEATURE || readers[row] > 0) continue;
    nodes[row] = 0;
    for (let e = graph.offset[row]; e < graph.offset[row + 1]; ++e) {
      if (!links[e]) continue;
      links[e] = 0;
      --readers[graph.source[e]];
    }
  }
  for (let i = 0; i < graph.n; ++i) if (graph.kind[i] === ERROR && readers[i] === 0) nodes[i] = 0;
}

/** From the first node up, every source of a node has been decided before it. */
function dropUnfed(graph, nodes, links) {
  for (let row = 0; row < graph.n; ++row) {
    let fed = false;
    for (let e = graph.offset[row]; e < graph.offset[row + 1]; ++e) {
      links[e] = links[e] & nodes[graph.source[e]];
      fed = fed || links[e] === 1;
    }
    if (!fed && graph.kind[row] === FEATURE) nodes[row] = 0;
  }
}
