// Why heads looked where they did: for each score behind what is selected, the pairs of sources that
// raised and lowered it. A score opens and closes; in its lists arrows move, Enter goes to a node.
import {headName, sourceOf, tablesOf} from "../core/attention.mjs";
import {number, percent} from "../core/graph.mjs";
import {byId, element} from "./dom.mjs";
import {moveInGrid} from "./grid_keys.mjs";

export class ScorePanel {
  constructor(actions) {
    this.actions = actions;
  }

  update(model) {
    const before = this.model;
    this.model = model;
    const same =
      before &&
      before.members === model.members &&
      before.shown === model.shown &&
      before.state.labels === model.state.labels;
    if (same) return;
    const tables = tablesOf(model.graph, model.shown, model.members);
    byId("scores-panel").hidden = tables.length === 0;
    byId("scores-count").textContent = tables.length;
    byId("scores-list").replaceChildren(...tables.map((table, k) => this.score(table, k === 0)));
  }

  /** The body is made when it is opened for the first time. */
  score(table, open) {
    const made = element("details", {class: "score"}, this.summary(table));
    const fill = () => {
      if (made.children.length === 1) made.append(this.body(table));
    };
    made.addEventListener("toggle", () => made.open && fill());
    if (open) {
      fill();
      made.open = true;
    }
    return made;
  }

  token(position) {
    return `“${this.model.graph.tokens[position]}”`;
  }

  summary({head, query, key, other_key, score, weight, carried}) {
    const facts = [
      other_key === undefined ? `score ${number(score)}` : `score higher by ${number(score)}`,
      `attention ${percent(weight)}`,
    ];
    if (carried !== undefined) facts.push(`carries ${percent(carried)}`);
    return element(
      "summary",
      {},
      element("span", {class: "head"}, headName(head)),
      element(
        "span",
        {class: "cell"},
        `${this.token(query)} (${query}) looks at ${this.token(key)} (${key})`,
        other_key === undefined ? null : `, not at ${this.token(other_key)} (${other_key})`,
      ),
      element("span", {class: "muted"}, facts.join(" · ")),
    );
  }

  body(table) {
    const raising = table.terms.filter(([, , value]) => value >= 0),
      lowering = table.terms.filter(([, , value]) => value < 0);
    const most = Math.max(...table.terms.map(([, , value]) => Math.abs(value)), 1e-12);
    const pair = ([query, key, value]) => [[query, key], value];
    const single = ([source, value]) => [[source], value];
    return element(
      "div",
      {class: "score-body"},
      element("p", {class: "muted"}, aboutText(table)),
      ...this.grid("Pairs that raise it", "query side × key side", raising.map(pair), most),
      ...this.grid("Pairs that lower it", "query side × key side", lowering.map(pair), most),
      element("h4", {}, "Key side, by where it comes from"),
      this.positions(table),
      ...this.grid("Query side, all pairs together", "", table.query_marginals.map(single)),
      ...this.grid("Key side, all pairs together", "", table.key_marginals.map(single)),
    );
  }

  /** `rows`: [[sources], value] */
  grid(title, hint, rows, most = Math.max(...rows.map(([, value]) => Math.abs(value)), 1e-12)) {
    if (rows.length === 0) return [];
    const grid = element(
      "div",
      {role: "grid", class: "terms", "aria-label": title},
      ...rows.map(([sources, value]) => {
        const bar = element("span", {class: value < 0 ? "bar negative" : "bar positive"});
        bar.style.width = `${(100 * Math.abs(value)) / most}%`;
        return element(
          "div",
          {role: "row"},
          bar,
          element(
            "div",
            {class: "sources"},
            ...sources.map((source, side) => this.side(source, side, value)),
          ),
          element("span", {role: "gridcell", class: "raw"}, signed(value)),
        );
      }),
    );
    moveInGrid(grid);
    return [element("h4", {}, title, hint && element("span", {class: "muted"}, ` ${hint}`)), grid];
  }

  side(source, side, value) {
    const {graph, state} = this.model,
      {node, name, text} = sourceOf(graph, source, state.labels);
    const words = [
      side > 0 ? "× " : "",
      element("span", {class: "name"}, name),
      " ",
      element("span", {class: "text"}, text),
    ];
    const title = `${name} ${text}`.trim(),
      label = `${title}, ${signed(value)}`;
    const inside =
      node < 0
        ? element("span", {"data-cell": true, title: `${title} (not on this page)`}, ...words)
        : element(
            "button",
            {
              type: "button",
              class: "link",
              title,
              "data-cell": true,
              onclick: () => this.actions.select(graph.ids[node]),
              onpointerenter: () => this.actions.hover(node),
              onpointerleave: () => this.actions.hover(-1),
            },
            ...words,
          );
    inside.setAttribute("aria-label", node < 0 ? `${label}, not on this page` : label);
    return element("div", {role: "gridcell"}, inside);
  }

  /** A signed bar for each position that the head could see. */
  positions({key, other_key = -1, key_positions, key_bias}) {
    const rows = key_positions
      .slice(0, Math.max(key, other_key) + 1)
      .map((value, position) => [`${this.model.graph.tokens[position]}`, position, value]);
    rows.push(["biases", "", key_bias]);
    const most = Math.max(...rows.map(([, , value]) => Math.abs(value)), 1e-12);
    return element(
      "div",
      {class: "positions", tabindex: 0, role: "group", "aria-label": "Key side by position"},
      element(
        "table",
        {"aria-label": "Terms of the key side, summed by where they come from"},
        ...rows.map(([token, position, value]) => {
          const bar = element("span", {class: value < 0 ? "negative" : "positive"});
          bar.style.width = `${(50 * Math.abs(value)) / most}%`;
          bar.style[value < 0 ? "right" : "left"] = "50%";
          const mark = position === key ? "looked-at" : position === other_key ? "other" : "";
          return element(
            "tr",
            {class: mark},
            element("td", {class: "muted"}, String(position)),
            element("th", {scope: "row"}, token),
            element("td", {class: "chart"}, element("span", {class: "signed"}, bar)),
            element("td", {class: "raw"}, signed(value)),
          );
        }),
      ),
    );
  }
}

const signed = (value) => (value > 0 ? `+${number(value)}` : number(value));

function aboutText({
  score,
  absolute_sum,
  soft_cap,
  other_key,
  other_weight,
  n_query_sources,
  n_key_sources,
}) {
  const parts = [
    `${signed(score)} is the sum of ${n_query_sources} × ${n_key_sources} terms, with magnitudes of ${number(absolute_sum)} in all; the largest are below.`,
  ];
  if (other_key !== undefined)
    parts.push(
      `Terms say what the first key has more than the other, whose attention is ${percent(other_weight)}.`,
    );
  if (soft_cap) parts.push(`The model then caps scores softly at ±${number(soft_cap)}.`);
  return parts.join(" ");
}
