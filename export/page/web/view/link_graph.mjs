// The panel of the link graph. Three canvases lie on each other: everything, drawn when it changes;
// what is selected, pinned and on the path; what is under the pointer, the only one that a hover
// touches.
import {describeNode} from "../core/graph.mjs";
import {placeNodes} from "../core/layout.mjs";
import {CanvasPainter} from "./canvas_painter.mjs";
import {byId} from "./dom.mjs";
import {
  drawAxes,
  drawBands,
  drawLinks,
  drawNodes,
  linkAt,
  linksOf,
  radiusOf,
  ring,
  toScreen,
} from "./link_graph_scene.mjs";
import {hideTooltip, showTooltip} from "./tooltip.mjs";

const MAGNET = 30; // pixels around the pointer in which the nearest node is taken
const LINK_REACH = 5; // pixels around the pointer in which a line is taken where no node is
const MARKED_LINKS = 2000; // strongest ones of what is selected that are drawn
const HOVERED_LINKS = 200; // strongest ones of a node that a hover draws
export const DRAWN_LINKS = 2000; // strongest ones of the view: more are a grey wall, and slow
const FRAME = 14; // milliseconds: who draws faster draws every step of a zoom
const SETTLED = 90; // milliseconds after the last step, for the others
const NO_TRANSFORM = {k: 1, x: 0, y: 0};

export class LinkGraph {
  constructor(actions) {
    this.actions = actions;
    this.panel = byId("link-graph");
    this.canvases = ["all", "marks", "hover"].map((name) => byId(`canvas-${name}`));
    this.transform = NO_TRANSFORM;
    this.hovered = -1;
    this.drawTook = 0;
    this.zoom = d3
      .zoom()
      .scaleExtent([1, 40])
      .on("zoom", (event) => this.moved(event));
    d3.select(this.panel).call(this.zoom).on("dblclick.zoom", null);
    this.panel.addEventListener("pointermove", (event) => this.pointer(event));
    this.panel.addEventListener("pointerleave", () => this.hover(-1));
    this.panel.addEventListener("click", (event) => this.clicked(event));
    new ResizeObserver(() => this.resize()).observe(this.panel);
  }

  update(model) {
    const before = this.model;
    this.model = model;
    if (!this.layout || before?.graph !== model.graph) return this.resize();
    if (before.shown !== model.shown) {
      this.tree = null;
      this.hovered = -1;
    }
    const all =
      before.shown !== model.shown ||
      before.theme !== model.theme ||
      before.compare !== model.compare ||
      before.state.labels !== model.state.labels ||
      before.members.length > 0 !== model.members.length > 0;
    if (all) this.draw();
    else this.drawMarks();
  }

  resize() {
    const {clientWidth: width, clientHeight: height} = this.panel;
    if (!this.model || width < 40 || height < 40) return;
    this.scale = window.devicePixelRatio || 1;
    for (const canvas of this.canvases) {
      canvas.width = width * this.scale;
      canvas.height = height * this.scale;
    }
    this.layout = placeNodes(this.model.graph, width, height);
    this.tree = null;
    this.zoom
      .translateExtent([
        [0, 0],
        [width, height],
      ])
      .extent([
        [0, 0],
        [width, height],
      ]);
    this.draw();
  }

  moved(event) {
    this.transform = event.transform;
    this.hover(-1);
    if (this.drawTook < FRAME) {
      if (!this.due)
        this.due = requestAnimationFrame(() => {
          this.due = 0;
          this.draw();
        });
      return;
    }
    this.moveDrawing();
    clearTimeout(this.due);
    this.due = setTimeout(() => {
      this.due = 0;
      this.draw();
    }, SETTLED);
  }

  /** The bitmaps that are there, moved and scaled: at once whatever the size of the graph. */
  moveDrawing() {
    const {k, x, y} = this.transform,
      drawn = this.drawnAt,
      scale = k / drawn.k;
    for (const canvas of this.canvases) {
      canvas.style.transform = `translate(${x - drawn.x * scale}px, ${y - drawn.y * scale}px) scale(${scale})`;
    }
  }

  scene() {
    const {graph, shown, theme, state, strength, compare} = this.model;
    return {
      graph,
      shown,
      theme,
      strength,
      compare,
      labels: state.labels,
      layout: this.layout,
      transform: this.transform,
    };
  }

  painter(index) {
    const context = this.canvases[index].getContext("2d");
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.clearRect(0, 0, this.layout.width, this.layout.height);
    return new CanvasPainter(context);
  }

  draw() {
    if (!this.layout) return;
    const start = performance.now();
    this.drawnAt = this.transform;
    for (const canvas of this.canvases) canvas.style.transform = "";
    paintAll(this.painter(0), this.scene(), this.model, this.visibleLinks());
    this.drawMarks();
    this.drawTook = performance.now() - start;
  }

  /** The strongest of those that the view does not cut off. */
  visibleLinks() {
    const {graph, shown, linkScores} = this.model,
      {layout, transform} = this;
    const links = [];
    const top = -transform.y / transform.k,
      bottom = top + layout.height / transform.k;
    const left = -transform.x / transform.k,
      right = left + layout.width / transform.k;
    for (let e = 0; e < graph.m; ++e) {
      if (!shown.links[e]) continue;
      const s = graph.source[e],
        t = graph.target[e];
      if (layout.y[t] > bottom || layout.y[s] < top) continue;
      if (Math.max(layout.x[s], layout.x[t]) < left || Math.min(layout.x[s], layout.x[t]) > right)
        continue;
      links.push(e);
    }
    if (links.length <= DRAWN_LINKS) return links;
    const sorted = Float64Array.from(links, (e) => linkScores[e]).sort();
    const least = sorted[sorted.length - DRAWN_LINKS];
    return links.filter((e) => linkScores[e] >= least);
  }

  drawMarks() {
    if (!this.layout) return;
    paintMarks(this.painter(1), this.scene(), this.model);
    this.hovered = -1;
    this.painter(2);
  }

  /** Rings around what a search found. */
  mark(nodes) {
    this.drawMarks();
    const {shown, theme} = this.model,
      scene = this.scene(),
      painter = new CanvasPainter(this.canvases[1].getContext("2d"));
    for (const i of nodes) if (shown.nodes[i]) ring(painter, scene, i, theme.mark, 4, 2);
  }

  pointer(event) {
    if (event.shiftKey || event.buttons) return; // Shift keeps what is hovered
    const [x, y] = d3.pointer(event, this.panel),
      node = this.nearest(x, y);
    this.hover(node, event);
    if (node < 0) this.panel.style.cursor = this.dividedLink([x, y]) < 0 ? "" : "pointer";
  }

  nearest(x, y) {
    const {graph, shown} = this.model;
    if (!this.tree) {
      const nodes = [];
      for (let i = 0; i < graph.n; ++i) if (shown.nodes[i]) nodes.push(i);
      this.tree = d3.quadtree(
        nodes,
        (i) => this.layout.x[i],
        (i) => this.layout.y[i],
      );
    }
    const {k, x: dx, y: dy} = this.transform;
    return this.tree.find((x - dx) / k, (y - dy) / k, MAGNET / k) ?? -1;
  }

  hover(node, event) {
    if (node === this.hovered) return;
    this.hovered = node;
    const painter = this.painter(2);
    this.panel.style.cursor = node < 0 ? "" : "pointer";
    if (node < 0) return hideTooltip();
    const {graph, shown, theme, state} = this.model,
      scene = this.scene();
    const links = linksOf(graph, shown, [node], HOVERED_LINKS);
    drawLinks(painter, scene, links, {fade: 2.2, emphasis: 1.2});
    for (const e of links) {
      ring(
        painter,
        scene,
        graph.source[e] === node ? graph.target[e] : graph.source[e],
        theme.text,
        1,
        1,
      );
    }
    ring(painter, scene, node, theme.mark, 3, 2.5);
    if (event)
      showTooltip(this.layout, toScreen(scene, node), radiusOf(scene), graph, node, state.labels);
  }

  /** Of what is selected, under the pointer; only where links are known by their heads. */
  dividedLink(at) {
    const {graph, shown, members} = this.model;
    if (!graph.attention?.divided || members.length === 0) return -1;
    return linkAt(this.scene(), linksOf(graph, shown, members, MARKED_LINKS), at, LINK_REACH);
  }

  clicked(event) {
    const [x, y] = d3.pointer(event, this.panel);
    const node = this.nearest(x, y);
    if (event.defaultPrevented) return; // the end of a drag
    const link = node < 0 ? this.dividedLink([x, y]) : -1;
    if (link >= 0) return this.actions.showLink(link);
    if (node < 0) return this.actions.select("");
    const id = this.model.graph.ids[node];
    if (event.ctrlKey || event.metaKey || event.shiftKey) this.actions.togglePin([id]);
    else this.actions.select(id);
  }

  /** Brings a node that is out of sight to the middle. */
  reveal(node) {
    const [x, y] = toScreen(this.scene(), node),
      {width, height, margin} = this.layout;
    if (x > margin.left && x < width && y > 0 && y < height - margin.bottom) return;
    d3.select(this.panel).call(this.zoom.translateTo, this.layout.x[node], this.layout.y[node]);
  }

  zoomBy(factor) {
    d3.select(this.panel).call(this.zoom.scaleBy, factor);
  }
  resetZoom() {
    d3.select(this.panel).call(this.zoom.transform, d3.zoomIdentity);
  }
  describe(node) {
    return describeNode(this.model.graph, node, this.model.state.labels);
  }
}

/** Also what exports paint. */
export function paintAll(painter, scene, model, links) {
  drawBands(painter, scene);
  const fade = fadeOf(links.length) * (model.members.length > 0 ? 0.35 : 1);
  drawLinks(painter, scene, links, {fade, emphasis: links.length > 1500 ? 0.6 : 1});
  drawNodes(painter, scene);
  drawAxes(painter, scene);
}

/** Many faint lines make as much ink as few strong ones. */
const fadeOf = (links) => Math.min(1.4, Math.max(0.2, (400 / Math.max(1, links)) ** 0.7));

export function paintMarks(painter, scene, model) {
  const {graph, shown, theme, members, path, pinned} = model;
  if (members.length > 0)
    drawLinks(painter, scene, linksOf(graph, shown, members, MARKED_LINKS), {
      fade: 1.8,
      emphasis: 1.2,
    });
  if (path) {
    for (const e of path.links) {
      const s = toScreen(scene, graph.source[e]),
        t = toScreen(scene, graph.target[e]);
      painter.links([...s, ...t], {colour: theme.path, width: 4});
    }
    for (const i of path.nodes) ring(painter, scene, i, theme.path, 2, 2.5);
  }
  for (const i of pinned) if (shown.nodes[i]) ring(painter, scene, i, theme.text, 1.5, 2);
  for (const i of members) if (shown.nodes[i]) ring(painter, scene, i, theme.mark, 3, 2.5);
}
