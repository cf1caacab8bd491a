// The small text beside a hovered node.
import {FEATURE, isOutput, nodeName, nodeText, number, percent, weightText} from "../core/graph.mjs";
import {byId} from "./dom.mjs";

/** Beside the node at (x, y) of a panel of this size, towards the middle. */
export function showTooltip({width, height}, [x, y], radius, graph, i, labels) {
  const tip = byId("tooltip");
  const [name, text, facts] = tip.children;
  name.textContent = `${nodeName(graph, i)} · “${graph.tokens[graph.position[i]] ?? ""}” (${graph.position[i]})`;
  text.textContent = nodeText(graph, i, labels);
  const parts = [`influence ${percent(graph.influence[i])}`];
  if (graph.kind[i] === FEATURE) parts.push(`activation ${number(graph.activation[i])}`);
  if (graph.probability[i] > 0)
    parts[0] = `${isOutput(graph, i) ? "probability " : ""}${weightText(graph, i)}`;
  facts.textContent = parts.join(" · ");
  tip.hidden = false;
  const left = x > width / 2;
  tip.style.transform =
    `translate(${left ? x - radius - 10 : x + radius + 10}px, ${y}px) ` +
    `translate(${left ? "-100%" : "0"}, ${y > height / 2 ? "-100%" : "0"})`;
}

export function hideTooltip() {
  byId("tooltip").hidden = true;
}
