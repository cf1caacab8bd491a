// By which heads a link runs: a word in its row, and its parts as bars.
import {linksJoining, partsOfLinks} from "../core/attention.mjs";
import {number, percent} from "../core/graph.mjs";
import {element} from "./dom.mjs";

/** Of the links between the selected and a node of their lists, `inputs` or outputs of theirs. */
export function partsOfRow({graph, shown, members}, node, inputs) {
  if (!graph.attention?.divided) return [];
  const links = inputs
    ? linksJoining(graph, shown, [node], members)
    : linksJoining(graph, shown, members, [node]);
  return partsOfLinks(graph, links);
}

/** The way that carries most, to stand in a row; null where nothing is known. */
export function mainWay(parts) {
  if (parts.length === 0) return null;
  return element(
    "span",
    {class: "way", "data-more": true, title: `mostly by ${wayName(parts[0])}; click for all parts`},
    parts[0].short,
  );
}

const wayName = ({name, head}) => (head ? `head ${name}` : name);

/** What is read out with a row. */
export const mainWayText = (parts) =>
  parts.length === 0 ? "" : `, mostly by ${wayName(parts[0])}`;

/** A signed bar for each part, and what they add up to. */
export function partsBox(parts) {
  if (parts.length === 0) return null;
  const sum = parts.reduce((all, part) => all + part.weight, 0);
  return element(
    "div",
    {},
    ...parts.map((part) => {
      const bar = element("span", {class: part.weight < 0 ? "negative" : "positive"});
      bar.style.width = `${50 * part.share}%`;
      if (part.weight < 0) bar.style.right = "50%";
      else bar.style.left = "50%";
      return element(
        "div",
        {class: "part"},
        element("span", {class: part.head ? "head" : "head muted"}, part.name),
        element("span", {class: "signed"}, bar),
        element("span", {class: "raw"}, number(part.weight)),
        element("span", {class: "share"}, percent(Math.sign(part.weight) * part.share, true)),
      );
    }),
    element("p", {class: "muted"}, `Together ${number(sum)}, the link’s weight.`),
  );
}
