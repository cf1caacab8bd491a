// The sliders, what they leave, and the scores of that.
import {percent} from "../core/graph.mjs";
import {byId, element} from "./dom.mjs";
import {DRAWN_LINKS} from "./link_graph.mjs";

const SCORES = [
  ["whole", "whole graph", "before pruning, as traced"],
  ["nodes", "these nodes", "what other features feed counts as error"],
  ["links", "only what is drawn", "what links that are not drawn carry counts as error too"],
  ["pins", "only pins", "as these nodes, of the pinned features alone"],
];

export class Controls {
  constructor(actions) {
    this.actions = actions;
    this.sliders = [byId("node-share"), byId("link-share")];
    for (const slider of this.sliders) {
      slider.addEventListener("input", () => this.moved());
      slider.addEventListener("change", () => this.moved());
    }
  }

  /** The right end is the file's own threshold, whatever digits it has. */
  moved() {
    const {node_threshold, edge_threshold} = this.model.graph.head;
    const [node, link] = this.sliders.map((slider) => Number(slider.value) / 1000);
    this.actions.setShares(node * node_threshold, link * edge_threshold);
  }

  update(model) {
    const before = this.model;
    this.model = model;
    const {graph, state, shown, scores} = model;
    const of = [graph.head.node_threshold, graph.head.edge_threshold];
    const values = [state.nodeShare, state.linkShare];
    this.sliders.forEach((slider, s) => {
      slider.value = String(Math.round(of[s] > 0 ? (1000 * values[s]) / of[s] : 1000));
      const text = percent(values[s]);
      slider.setAttribute("aria-valuetext", text);
      slider.nextElementSibling.textContent = text;
    });
    if (before && before.shown === shown && before.scores === scores) return;
    byId("counts").textContent =
      `${shown.nNodes.toLocaleString("en")} of ${graph.n.toLocaleString("en")} nodes, ` +
      `${shown.nLinks.toLocaleString("en")} links` +
      (shown.nLinks > DRAWN_LINKS
        ? `, the strongest ${DRAWN_LINKS.toLocaleString("en")} in view are drawn`
        : "");
    byId("scores").tBodies[0].replaceChildren(
      ...SCORES.map(([key, name, title]) => row(name, title, scores[key])),
    );
    byId("score-note").textContent = noteOf(graph);
  }
}

function row(name, title, scores) {
  return element(
    "tr",
    {title},
    element("th", {scope: "row"}, name),
    element("td", {}, scoreText(scores?.replacement)),
    element("td", {}, scoreText(scores?.completeness)),
  );
}

const scoreText = (score) => (typeof score === "number" ? score.toFixed(4) : "–");

function noteOf({head}) {
  if (!head.scorable) return "The file holds only what pruning kept: its parts cannot be scored.";
  return head.all_links
    ? ""
    : "Links that pruning left out are not on the page: scores are at least these.";
}
