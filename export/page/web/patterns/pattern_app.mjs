// The page of attention patterns: a grid of all heads, one of them enlarged.
import {decodeBase64, percent} from "../core/graph.mjs";
import {byId, element} from "../view/dom.mjs";
import {moveInGrid} from "../view/grid_keys.mjs";
import {headOf, openPatterns, topKeys, weightOf} from "./pattern_data.mjs";
import {drawLarge, drawSmall, layOut} from "./pattern_map.mjs";

const TOP_KEYS = 5;
const PADDING = 34; // pixels of the panel beside its map
const dark = matchMedia("(prefers-color-scheme: dark)");

class PatternApp {
  constructor() {
    const head = JSON.parse(byId("patterns-head").textContent);
    this.patterns = openPatterns(head, decodeBase64(byId("patterns-weights").textContent));
    byId("title").textContent = head.title;
    byId("about").textContent =
      `${head.n_layers} layers × ${head.n_heads} heads, ${this.patterns.n} tokens`;
    this.at = null;
    this.maps = new Map();
    this.large = byId("large-map");
    this.fillGrid();
    this.listen();
    this.restyle();
    this.choose(headOf(this.patterns, location.hash.slice(1)) ?? this.first());
  }

  first() {
    const {chosen, reasons, n_layers} = this.patterns;
    return headOf(this.patterns, chosen[0] ?? reasons[0]?.head ?? `${n_layers - 1}.0`);
  }

  token(position) {
    return `“${this.patterns.tokens[position]}” (${position})`;
  }

  /** The last layer on top. */
  fillGrid() {
    const {n_layers, n_heads} = this.patterns,
      grid = byId("heads");
    for (let layer = n_layers - 1; layer >= 0; --layer) {
      const row = element("div", {role: "row"}, element("span", {role: "rowheader"}, `L${layer}`));
      for (let head = 0; head < n_heads; ++head) {
        const name = `${layer}.${head}`,
          canvas = element("canvas");
        const button = element(
          "button",
          {type: "button", "data-cell": true, "data-head": name, "aria-label": `Head ${name}`},
          canvas,
        );
        this.maps.set(name, {button, canvas});
        row.append(element("span", {role: "gridcell"}, button));
      }
      grid.append(row);
    }
    moveInGrid(grid);
  }

  listen() {
    const grid = byId("heads");
    grid.addEventListener("click", (event) => {
      const name = event.target.closest("[data-head]")?.dataset.head;
      if (name) this.choose(headOf(this.patterns, name));
    });
    grid.addEventListener("pointermove", (event) => {
      const map = event.target.closest("[data-head]");
      if (!map) return;
      const box = map.getBoundingClientRect(),
        cell = (at) => Math.min(this.patterns.n - 1, Math.max(0, Math.floor(at * this.patterns.n)));
      this.tell(
        headOf(this.patterns, map.dataset.head),
        cell((event.clientY - box.top) / box.height),
        cell((event.clientX - box.left) / box.width),
      );
    });
    this.large.addEventListener("pointermove", (event) => this.point(this.cellAt(event)));
    this.large.addEventListener("pointerleave", () => this.point(null));
    this.large.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("hashchange", () => {
      const head = headOf(this.patterns, location.hash.slice(1));
      if (head) this.choose(head);
    });
    dark.addEventListener("change", () => this.restyle());
    new ResizeObserver(() => this.draw()).observe(byId("large"));
  }

  restyle() {
    const style = getComputedStyle(document.documentElement),
      colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const names = ["background", "later", "text", "rule", "mark"];
    this.theme = Object.fromEntries(names.map((name) => [name, colour(name)]));
    this.theme.steps = this.patterns.steps.map(([, light, night]) =>
      dark.matches ? night : light,
    );
    for (const [name, {canvas}] of this.maps)
      drawSmall(canvas, this.patterns, headOf(this.patterns, name), this.theme);
    this.fillScale();
    this.draw();
  }

  fillScale() {
    const {steps} = this.patterns;
    byId("scale").replaceChildren(
      ...steps.map(([least], k) => {
        const swatch = element("span", {class: "step"});
        swatch.style.background = this.theme.steps[k];
        return element("li", {}, swatch, percent(least));
      }),
    );
  }

  choose(head) {
    if (this.head) this.maps.get(this.head.join(".")).button.removeAttribute("aria-current");
    this.head = head;
    this.at = null;
    const name = head.join("."),
      {button} = this.maps.get(name);
    button.setAttribute("aria-current", "true");
    button.scrollIntoView({block: "nearest", inline: "nearest"});
    byId("large-name").textContent = `Head ${name}`;
    this.large.setAttribute("aria-label", `Pattern of head ${name}: arrows move among its cells`);
    byId("readout").textContent = "";
    byId("keys-of-query").replaceChildren();
    this.fillReasons(name);
    this.draw();
    try {
      history.replaceState(null, "", `#${name}`);
    } catch {
      /* some hosts forbid it; the head is only not in the address then */
    }
  }

  fillReasons(name) {
    const mine = this.patterns.reasons.filter(({head}) => head === name);
    byId("reasons").hidden = mine.length === 0;
    byId("reasons-list").replaceChildren(
      ...mine.flatMap(({cell, sum, terms}) => [
        element("h3", {}, cell),
        element("p", {class: "muted"}, sum),
        element(
          "ul",
          {},
          ...terms.map(([value, query, key]) =>
            element(
              "li",
              {},
              element(
                "span",
                {class: value.startsWith("−") ? "value lowers" : "value raises"},
                value,
              ),
              element("span", {}, `${query} × ${key}`),
            ),
          ),
        ),
      ]),
    );
  }

  draw() {
    if (!this.head) return;
    const context = this.large.getContext("2d"),
      name = this.head.join(".");
    this.layout = layOut(this.patterns, context, byId("large").clientWidth - PADDING);
    const marks = this.patterns.reasons
      .filter(({head}) => head === name)
      .map(({query, key}) => [query, key]);
    drawLarge(this.large, this.patterns, this.head, {...this, marks});
  }

  cellAt(event) {
    const box = this.large.getBoundingClientRect(),
      {left, top, cell} = this.layout;
    const key = Math.floor((event.clientX - box.left - left) / cell),
      query = Math.floor((event.clientY - box.top - top) / cell);
    const inside = query >= 0 && query < this.patterns.n && key >= 0 && key <= query;
    return inside ? [query, key] : null;
  }

  point(at) {
    if (String(at) === String(this.at)) return;
    this.at = at;
    this.draw();
    if (at) this.tell(this.head, ...at);
  }

  key(event) {
    const step = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[
      event.key
    ];
    if (!step) return;
    event.preventDefault();
    const last = this.patterns.n - 1,
      [query, key] = this.at ?? [last - step[0], last - step[1]];
    const next = Math.max(0, Math.min(last, query + step[0]));
    this.point([next, Math.max(0, Math.min(next, key + step[1]))]);
  }

  /** What is pointed at, for eyes and for screen readers. */
  tell(head, query, key) {
    if (key > query) return;
    const weight = weightOf(this.patterns, head, query, key);
    byId("readout").textContent =
      `${head.join(".")}: ${this.token(query)} looks at ${this.token(key)}: ${percent(weight)}`;
    byId("keys-of-query").replaceChildren(
      ...topKeys(this.patterns, head, query, TOP_KEYS).map(([at, share]) =>
        element("li", {}, element("span", {class: "value"}, percent(share)), this.token(at)),
      ),
    );
  }
}

window.circuitPatterns = new PatternApp();
