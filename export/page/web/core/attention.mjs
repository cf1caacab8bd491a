// By which heads links run, and why these heads looked where they did (graph/attention_details.h).
import {TARGET, kindName, nodeName, nodeText} from "./graph.mjs";

const RESIDUAL = -1,
  OTHER_HEADS = -2;

/** Written `L.H`. */
export const headName = ([layer, head]) => `${layer}.${head}`;

/** The shown links from any of `sources` to any of `targets`. */
export function linksJoining(graph, shown, sources, targets) {
  const from = new Set(sources),
    links = [];
  for (const row of targets) {
    for (let e = graph.offset[row]; e < graph.offset[row + 1]; ++e) {
      if (shown.links[e] && from.has(graph.source[e])) links.push(e);
    }
  }
  return links;
}

/**
 * The parts of links together: [{name, short, head or null, weight: signed, share: of Σ|weight|}], by
 * magnitude; they add up to the links' weights. Empty when none of the links is divided.
 */
export function partsOfLinks({attention, weight}, links) {
  const sums = new Map();
  const add = (way, value) => sums.set(way, (sums.get(way) ?? 0) + value);
  if (!attention || !links.some((e) => attention.place.has(e))) return [];
  for (const e of links) {
    const at = attention.place.get(e),
      {offset, way, weight: parts} = attention.parts;
    if (at === undefined) add("whole", weight[e]);
    else for (let k = offset[at]; k < offset[at + 1]; ++k) add(way[k], parts[k]);
  }
  const all = [...sums.values()].reduce((sum, value) => sum + Math.abs(value), 0);
  return [...sums]
    .map(([way, value]) => ({
      ...nameWay(attention, way),
      weight: value,
      share: all > 0 ? Math.abs(value) / all : 0,
    }))
    .sort((a, b) => b.share - a.share);
}

function nameWay({heads}, way) {
  if (way === "whole") return {name: "links that are not divided", short: "?", head: null};
  if (way === RESIDUAL) return {name: "residual stream alone", short: "resid.", head: null};
  if (way === OTHER_HEADS) return {name: "other heads", short: "others", head: null};
  const name = headName(heads[way]);
  return {name, short: name, head: heads[way]};
}

/**
 * The score tables of what `members` read: their query is where a member stands and their head
 * carries one of its shown inputs; where that is unknown, it lies below the member.
 */
export function tablesOf(graph, shown, members) {
  const {attention} = graph;
  if (!attention) return [];
  const wanted = new Set();
  for (const i of members) {
    if (graph.offset[i] === graph.offset[i + 1]) continue;
    for (const {head, query} of attention.tables) {
      const below = graph.kind[i] === TARGET || head[0] <= graph.layer[i];
      if (!attention.divided && below && query === graph.position[i])
        wanted.add(`${headName(head)} ${query}`);
    }
    const inputs = [];
    for (let e = graph.offset[i]; e < graph.offset[i + 1]; ++e) if (shown.links[e]) inputs.push(e);
    for (const {head, name} of partsOfLinks(graph, inputs))
      if (head) wanted.add(`${name} ${graph.position[i]}`);
  }
  return attention.tables.filter(({head, query}) => wanted.has(`${headName(head)} ${query}`));
}

/** What a number of a table stands for: {node: of the page or -1, name, text}. */
export function sourceOf(graph, number, labels) {
  if (number < 0) return {node: -1, name: "biases", text: ""};
  if (number < graph.n) {
    const text = nodeText(graph, number, labels);
    return {node: number, name: placeName(graph, number), text};
  }
  const other = graph.attention.others[number - graph.n];
  const columns = {
    kind: [other.kind],
    layer: [other.layer],
    position: [other.position],
    feature: [other.feature],
  };
  const text =
    kindName(columns, 0) === "token" ? `“${graph.tokens[other.position]}”` : (other.text ?? "");
  return {node: -1, name: placeName(columns, 0), text};
}

/** A token's name has its position. */
const placeName = (graph, i) =>
  kindName(graph, i) === "token"
    ? nodeName(graph, i)
    : `${nodeName(graph, i)} at ${graph.position[i]}`;
