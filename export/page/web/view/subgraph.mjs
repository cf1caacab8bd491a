// The panel of what is pinned: boxes that can be dragged, grouped and opened in the node's panel,
// links between them with summed weights.
import {describeNode, nodeName, nodeText, number, percent} from "../core/graph.mjs";
import {BOX, placeBoxes} from "../core/subgraph_layout.mjs";
import {announce, byId, shorten, svgElement} from "./dom.mjs";
import {heatOf} from "./theme.mjs";

export class Subgraph {
  constructor(actions) {
    this.actions = actions;
    this.panel = byId("subgraph");
    this.svg = byId("subgraph-drawing");
    this.world = this.svg.querySelector("g");
    this.marked = new Set();
    this.zoom = d3
      .zoom()
      .scaleExtent([0.15, 4])
      .on("zoom", ({transform, sourceEvent}) => {
        this.world.setAttribute("transform", transform.toString());
        this.own = this.own || Boolean(sourceEvent);
      });
    d3.select(this.svg).call(this.zoom).on("dblclick.zoom", null);
    this.svg.addEventListener("click", (event) => {
      if (event.target === this.svg) this.setMarked([]);
    });
    byId("group-button").addEventListener("click", () => this.groupMarked());
    byId("fit-button").addEventListener("click", () => {
      this.own = false;
      this.fit();
    });
    new ResizeObserver(() => {
      if (!this.own) this.fit();
    }).observe(this.svg);
  }

  update(model) {
    const before = this.model;
    this.model = model;
    const {boxes, boxLinks, state} = model;
    this.setMarked([...this.marked].filter((id) => boxes.some((box) => box.id === id)));
    if (
      before &&
      before.boxes === boxes &&
      before.boxLinks === boxLinks &&
      before.theme === model.theme &&
      before.state.selected === state.selected &&
      before.state.places === state.places &&
      before.state.labels === state.labels
    )
      return;
    const known = before ? before.boxes.map((box) => box.id).join() : null;
    this.places = {...placeBoxes(model.graph, boxes, boxLinks, state.places, d3), ...state.places};
    this.draw();
    byId("subgraph-empty").hidden = boxes.length > 0;
    if (known !== boxes.map((box) => box.id).join() && !this.own) this.fit();
  }

  draw() {
    const {boxes, boxLinks} = this.model;
    const focused = document.activeElement?.dataset?.box;
    this.lines = boxLinks.map((link) => this.line(link));
    this.boxes = new Map(boxes.map((box) => [box.id, this.box(box)]));
    this.world.replaceChildren(...this.lines, ...this.boxes.values());
    this.placeAll();
    if (focused) this.boxes.get(focused)?.focus();
  }

  line(link) {
    const {boxes} = this.model,
      sign = link.weight < 0 ? "negative" : "positive";
    const title =
      `${boxTitle(this.model, boxes[link.source])} → ${boxTitle(this.model, boxes[link.target])}: ` +
      linkText(link);
    return svgElement(
      "path",
      {class: `link ${sign}`, "stroke-width": String(1 + 9 * link.share)},
      svgElement("title", {}, title),
    );
  }

  box(box) {
    const {theme, strengthOf, state} = this.model,
      [name, text] = boxTexts(this.model, box);
    const made = svgElement("g", {
      class: `box${box.group ? " group" : ""}`,
      tabindex: "0",
      role: "button",
      "data-box": box.id,
      "aria-label": boxLabel(this.model, box),
      "aria-pressed": String(box.id === state.selected),
    });
    const half = BOX.width / 2,
      top = -BOX.height / 2;
    if (box.group)
      made.append(
        svgElement("rect", {
          class: "behind",
          x: -half + 4,
          y: top - 4,
          width: BOX.width,
          height: BOX.height,
          rx: 7,
        }),
      );
    made.append(
      svgElement("rect", {
        x: -half,
        y: top,
        width: BOX.width,
        height: BOX.height,
        rx: 7,
        fill: heatOf(theme, strengthOf(box)),
      }),
      svgElement("text", {class: "name", y: text ? -3 : 4}, shorten(name, 17)),
      svgElement("text", {class: "text", y: 12}, shorten(text, 19)),
      svgElement("title", {}, boxLabel(this.model, box)),
    );
    made.addEventListener("click", (event) => this.clicked(box, event));
    made.addEventListener("keydown", (event) => this.key(box, event));
    made.addEventListener("focus", () => announce(boxLabel(this.model, box)));
    d3.select(made).call(this.drag(box));
    return made;
  }

  drag(box) {
    let moved = false;
    return d3
      .drag()
      .container(() => this.world)
      .on("start", () => {
        moved = false;
      })
      .on("drag", ({x, y, dx, dy}) => {
        moved = moved || dx !== 0 || dy !== 0;
        this.places[box.id] = [x, y];
        this.placeAll();
      })
      .on("end", () => {
        if (moved) this.actions.place(box.id, this.places[box.id].map(Math.round));
      })
      .subject(() => ({x: this.places[box.id][0], y: this.places[box.id][1]}));
  }

  placeAll() {
    const {boxes, boxLinks} = this.model;
    for (const [id, made] of this.boxes)
      made.setAttribute("transform", `translate(${this.places[id].join()})`);
    boxLinks.forEach((link, k) =>
      this.lines[k].setAttribute(
        "d",
        curve(this.places[boxes[link.source].id], this.places[boxes[link.target].id]),
      ),
    );
  }

  clicked(box, event) {
    if (event.defaultPrevented) return; // the end of a drag
    if (!event.shiftKey && !event.ctrlKey && !event.metaKey) return this.actions.select(box.id);
    this.setMarked(
      this.marked.has(box.id)
        ? [...this.marked].filter((id) => id !== box.id)
        : [...this.marked, box.id],
    );
  }

  key(box, event) {
    const step = {ArrowLeft: [-20, 0], ArrowRight: [20, 0], ArrowUp: [0, -20], ArrowDown: [0, 20]}[
      event.key
    ];
    if (step && event.altKey)
      this.actions.place(
        box.id,
        this.places[box.id].map((at, k) => at + step[k]),
        "key",
      );
    else if (event.key === "Enter") this.actions.select(box.id);
    else if (event.key === " ") this.clicked(box, {shiftKey: true});
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  setMarked(ids) {
    this.marked = new Set(ids);
    for (const [id, made] of this.boxes ?? []) made.classList.toggle("marked", this.marked.has(id));
    byId("group-button").disabled = this.marked.size < 2;
    byId("group-button").textContent = this.marked.size < 2 ? "Group" : `Group ${this.marked.size}`;
  }

  groupMarked() {
    if (this.marked.size < 2)
      return announce("Mark two boxes or more first: Shift and click, or Space.");
    const ids = [...this.marked];
    this.setMarked([]);
    this.actions.group(ids);
  }

  fit() {
    const {clientWidth: width, clientHeight: height} = this.svg;
    const all = Object.entries(this.places ?? {})
      .filter(([id]) => this.boxes.has(id))
      .map(([, at]) => at);
    if (all.length === 0 || width < 40) return;
    const [left, right] = d3Extent(all, 0, BOX.width / 2 + 14),
      [top, bottom] = d3Extent(all, 1, BOX.height / 2 + 14);
    const k = Math.min(1.15, width / (right - left), height / (bottom - top));
    const at = d3.zoomIdentity
      .translate(width / 2 - (k * (left + right)) / 2, height / 2 - (k * (top + bottom)) / 2)
      .scale(k);
    d3.select(this.svg).call(this.zoom.transform, at);
  }
}

const d3Extent = (points, axis, around) => {
  const values = points.map((point) => point[axis]);
  return [Math.min(...values) - around, Math.max(...values) + around];
};

/** From the top of the source to the bottom of the target. */
export function curve([x1, y1], [x2, y2]) {
  const from = y1 - BOX.height / 2,
    to = y2 + BOX.height / 2,
    middle = (from + to) / 2;
  return `M${x1},${from}C${x1},${middle} ${x2},${middle} ${x2},${to}`;
}

/** The two lines of a box. */
export function boxTexts({graph, state}, box) {
  if (box.group) return [box.name || "group", `${box.members.length} nodes`];
  const [i] = box.members,
    text = nodeText(graph, i, state.labels);
  return [
    `${nodeName(graph, i)}${graph.kind[i] === 3 || graph.kind[i] === 2 ? "" : ` @${graph.position[i]}`}`,
    text,
  ];
}

const boxTitle = (model, box) => boxTexts(model, box).filter(Boolean).join(" ");

function boxLabel(model, box) {
  const share = `influence ${percent(box.influence)}`;
  if (!box.group)
    return `${describeNode(model.graph, box.members[0], model.state.labels)}, ${share}`;
  const members = box.members.map((i) => describeNode(model.graph, i, model.state.labels));
  return `group ${box.name || "without a name"} of ${box.members.length}, ${share}: ${members.join("; ")}`;
}

/** Sums are signed; magnitudes show what cancelled. */
export const linkText = ({weight, absolute, share, links}) =>
  links === 1
    ? `${percent(weight < 0 ? -share : share, true)} of its input, weight ${number(weight)}`
    : `${percent(share)} of its input, ${links} links, Σw ${number(weight)}, Σ|w| ${number(absolute)}`;
