// What the page must show, worked out from the files that the command line wrote beside it and not
// from the page's own data or scripts.
import {readFileSync} from "node:fs";
import {join} from "node:path";

export const folder = process.env.CIRCUIT_PAGES;
export const readText = (name) => readFileSync(join(folder, name), "utf8");
export const readJson = (name) => JSON.parse(readText(name));

/** Nodes by id and links of a viewer file, whose weights are floats; |w| sums of each target. */
export function viewerGraph(name) {
  const {nodes, links, metadata} = readJson(name);
  for (const link of links) link.weight = Math.fround(link.weight);
  const inputs = new Map();
  for (const {target, weight} of links)
    inputs.set(target, (inputs.get(target) ?? 0) + Math.abs(weight));
  return {nodes: new Map(nodes.map((node) => [node.node_id, node])), links, inputs, metadata};
}

/** [{id, weight, share}] of what `id` reads, or feeds, strongest first. */
export function neighboursOf(graph, id, side) {
  const [here, there] = side === "inputs" ? ["target", "source"] : ["source", "target"];
  return graph.links
    .filter((link) => link[here] === id)
    .map((link) => ({
      id: link[there],
      weight: link.weight,
      share: Math.abs(link.weight) / graph.inputs.get(link.target),
    }))
    .sort((a, b) => b.share - a.share);
}

/** The strongest path by trying every way, with what is known of a node remembered. */
export function strongestPath(graph, from, to) {
  const known = new Map();
  const into = new Map();
  for (const link of graph.links) {
    if (!into.has(link.target)) into.set(link.target, []);
    into.get(link.target).push(link);
  }
  const best = (id) => {
    if (id === from) return {share: 1, nodes: [from]};
    if (known.has(id)) return known.get(id);
    known.set(id, {share: 0, nodes: []});
    let found = {share: 0, nodes: []};
    for (const {source, weight} of into.get(id) ?? []) {
      const way = best(source);
      const share = (way.share * Math.abs(weight)) / graph.inputs.get(id);
      if (share > found.share) found = {share, nodes: [...way.nodes, id]};
    }
    known.set(id, found);
    return found;
  };
  return best(to);
}

/** `+12.3 %` of a signed share, as the page writes it. */
export function percentText(share, weight) {
  const value = 100 * share,
    digits = value >= 99.95 ? 0 : value >= 1 || value === 0 ? 1 : 2;
  return `${weight < 0 ? "−" : "+"}${value.toFixed(digits)} %`;
}
