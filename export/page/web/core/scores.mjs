// Replacement and completeness (graph/scores.h) of a choice of nodes, and of nodes and links.
import {ERROR, FEATURE, TOKEN} from "./graph.mjs";
import {ROW_FLOOR, outputWeights} from "./influence.mjs";

/**
 * Scores of the subgraph of `nodes` [n]: what a removed feature feeds counts as fed by the error of
 * its layer and position. With `links` [m] the same of every link that is not in it, so that only
 * what is drawn counts as explained. {replacement, completeness}, null where there is none.
 */
export function scoresOf(graph, nodes, links = null) {
  const weights = outputWeights(graph),
    influence = new Float64Array(graph.n);
  let errors = 0,
    tokens = 0,
    explained = 0,
    total = 0;
  for (let row = graph.n - 1; row >= 0; --row) {
    const arriving = influence[row] + weights[row];
    if (arriving === 0 || graph.kind[row] === TOKEN) continue;
    let fromErrors = graph.rest[row],
      sum = graph.rest[row];
    for (let e = graph.offset[row]; e < graph.offset[row + 1]; ++e) {
      const size = Math.abs(graph.weight[e]);
      sum += size;
      if (isError(graph, e, nodes, links)) fromErrors += size;
    }
    const scale = arriving / Math.max(sum, ROW_FLOOR);
    for (let e = graph.offset[row]; e < graph.offset[row + 1]; ++e) {
      if (isError(graph, e, nodes, links)) continue;
      influence[graph.source[e]] += Math.abs(graph.weight[e]) * scale;
    }
    errors += fromErrors * scale;
    explained += (1 - fromErrors / Math.max(sum, ROW_FLOOR)) * arriving;
    total += arriving;
  }
  // Errors and tokens read nothing, so that nothing they read is an error.
  for (let i = 0; i < graph.n; ++i) if (graph.kind[i] === TOKEN) tokens += influence[i];
  const reached = errors + influence.reduce((sum, value) => sum + value, 0);
  explained += errors + tokens;
  total += errors + tokens;
  return {
    replacement: tokens + errors > 0 ? tokens / (tokens + errors) : null,
    completeness: reached > 0 ? explained / total : null,
  };
}

function isError(graph, link, nodes, links) {
  const source = graph.source[link];
  return (
    graph.kind[source] === ERROR ||
    (graph.kind[source] === FEATURE && !nodes[source]) ||
    (links !== null && !links[link])
  );
}

/** The nodes that a choice of ids leaves, as `circuit score --nodes` reads it [n]. */
export function choiceOf(graph, chosen) {
  const nodes = new Uint8Array(graph.n);
  for (let i = 0; i < graph.n; ++i) if (graph.kind[i] !== FEATURE || chosen.has(i)) nodes[i] = 1;
  return nodes;
}
