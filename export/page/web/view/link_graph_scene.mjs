// Draws the link graph with a painter: the whole, and what stands out of it.
import {ERROR, FEATURE, TARGET, TOKEN, nodeText} from "../core/graph.mjs";
import {shareOf} from "../core/paths.mjs";
import {shorten} from "./dom.mjs";
import {dotOf, heatOf} from "./theme.mjs";

const LEVELS = [
  {most: 0.01, width: 0.6, alpha: 0.12},
  {most: 0.03, width: 0.9, alpha: 0.22},
  {most: 0.1, width: 1.4, alpha: 0.35},
  {most: 0.3, width: 2.4, alpha: 0.55},
  {most: 2, width: 4, alpha: 0.75},
];
const STRAIGHT_ABOVE = 4000; // links; curves of more cost too much and tell nobody more
const CURVE_PIECES = 24; // straight ones that stand for a curve where the pointer is
const SHAPES = ["circle", "diamond", "square", "square"];

/** `scene`: {graph, shown, layout, transform: {k, x, y}, theme, labels, strength, compare, …} */
export const toScreen = ({layout, transform}, i) => [
  layout.x[i] * transform.k + transform.x,
  layout.y[i] * transform.k + transform.y,
];

/** The same for all, from how crowded the graph is; zooming in makes them grow to a point. */
export const radiusOf = ({layout, transform}) =>
  Math.min(7, Math.max(1.7, 0.42 * layout.crowd * transform.k));

/** Links by sign and level of share: each bucket is drawn with one stroke. Weak ones first. */
export function drawLinks(painter, scene, links, {fade = 1, emphasis = 1} = {}) {
  const buckets = LEVELS.flatMap(() => [[], []]);
  const {graph, shown, layout, transform} = scene;
  for (const e of links) {
    const share = shareOf(graph, shown, e);
    const level = LEVELS.findIndex(({most}) => share <= most);
    const s = graph.source[e],
      t = graph.target[e];
    buckets[2 * level + (graph.weight[e] < 0 ? 1 : 0)].push(
      layout.x[s] * transform.k + transform.x,
      layout.y[s] * transform.k + transform.y,
      layout.x[t] * transform.k + transform.x,
      layout.y[t] * transform.k + transform.y,
    );
  }
  buckets.forEach((ends, b) => {
    if (ends.length === 0) return;
    const level = LEVELS[b >> 1];
    painter.links(ends, {
      colour: b & 1 ? scene.theme.negative : scene.theme.positive,
      width: level.width * emphasis,
      alpha: Math.min(1, level.alpha * fade),
      straight: links.length > STRAIGHT_ABOVE && b < 4,
    });
  });
}

export function drawBands(painter, scene) {
  const {layout, transform, theme} = scene;
  layout.columns.forEach((column, c) => {
    if (c % 2 === 1) return;
    const left = column.start * transform.k + transform.x;
    painter.rect(left, 0, (column.end - column.start) * transform.k, layout.height, {
      fill: theme.band,
    });
  });
}

export function drawNodes(painter, scene) {
  const {graph, shown, layout, theme} = scene,
    radius = radiusOf(scene);
  for (let i = 0; i < graph.n; ++i) {
    if (!shown.nodes[i]) continue;
    const [x, y] = toScreen(scene, i);
    if (x < -20 || y < -20 || x > layout.width + 20 || y > layout.height + 20) continue;
    painter.node(SHAPES[graph.kind[i]], x, y, radius, styleOf(scene, i, radius));
    drawLabel(painter, scene, i, x, y);
  }
  drawOnlyB(painter, scene, theme);
}

function styleOf({graph, theme, strength, compare}, i, radius) {
  const small = radius < 2.6,
    line = small ? {} : {stroke: theme.muted, width: 0.9};
  if (compare && compare.status[i] === 1) return {fill: theme.common, ...line};
  if (compare && compare.status[i] === 2) return {fill: theme.only_a, ...line};
  if (graph.kind[i] === FEATURE)
    return {fill: (small ? dotOf : heatOf)(theme, strength[i]), ...line};
  const fills = {[ERROR]: theme.error, [TOKEN]: theme.token, [TARGET]: theme.target};
  return {fill: fills[graph.kind[i]], ...(graph.kind[i] === ERROR ? {} : line)};
}

/** Where there is room. Errors say nothing, tokens stand on the axis. */
function drawLabel(painter, scene, i, x, y) {
  const {graph, layout, transform, theme, labels} = scene;
  const room = Math.min(layout.room[i] * transform.k, 220);
  if (
    room < 44 ||
    layout.rise[i] * transform.k < 26 ||
    graph.kind[i] === ERROR ||
    graph.kind[i] === TOKEN
  )
    return;
  const text = shorten(nodeText(graph, i, labels) || `${graph.feature[i]}`, Math.floor(room / 6));
  const below = graph.kind[i] === TARGET ? -radiusOf(scene) - 4 : radiusOf(scene) + 11;
  painter.text(x, y + below, text, {
    colour: theme.text,
    size: 10,
    anchor: "middle",
    halo: theme.background,
  });
}

/** Features of the other graph alone stand, hollow, where their column and layer are. */
function drawOnlyB(painter, scene, theme) {
  const {compare, layout, transform, graph} = scene;
  if (!compare) return;
  const rows = new Map(layout.rows.map((row) => [row.name, row.middle]));
  const columns = layout.columns;
  for (const {b} of compare.onlyB) {
    for (const i of b) {
      const other = compare.graph;
      const row = other.kind[i] === FEATURE ? rows.get(`L${other.layer[i]}`) : undefined;
      const column = columns.find((c) => c.position === other.position[i]) ?? columns.at(-1);
      if (row === undefined || graph.n === 0) continue;
      const spread = ((other.feature[i] % 97) / 97 - 0.5) * (column.end - column.start) * 0.8;
      painter.node(
        "circle",
        (column.middle + spread) * transform.k + transform.x,
        row * transform.k + transform.y - 7,
        4,
        {stroke: theme.only_b, width: 1.5, dash: true},
      );
    }
  }
}

/** Row names at the left and tokens at the bottom stay in sight whatever the zoom. */
export function drawAxes(painter, scene) {
  const {layout, transform, theme, graph} = scene,
    {margin, width, height} = layout;
  painter.rect(0, 0, margin.left - 8, height, {fill: theme.background});
  let last = Infinity;
  for (const row of layout.rows) {
    const y = row.middle * transform.k + transform.y;
    if (y < 8 || y > height - margin.bottom || last - y < 11) continue;
    last = y;
    painter.text(margin.left - 14, y + 3.5, row.name, {
      colour: theme.muted,
      size: 10.5,
      anchor: "end",
    });
  }
  painter.rect(0, height - margin.bottom + 4, width, margin.bottom, {fill: theme.background});
  for (const column of layout.columns) {
    const x = column.middle * transform.k + transform.x;
    const room = (column.end - column.start) * transform.k;
    if (x < margin.left - 10 || x > width || room < 14) continue;
    const text = shorten(graph.tokens[column.position] ?? "", Math.max(1, Math.floor(room / 7.4)));
    painter.text(x, height - 10, text, {
      colour: theme.text,
      size: 12,
      anchor: "middle",
      bold: true,
    });
  }
}

export function ring(painter, scene, i, colour, gap, width = 2) {
  const [x, y] = toScreen(scene, i);
  painter.node(SHAPES[scene.graph.kind[i]], x, y, radiusOf(scene) + gap, {stroke: colour, width});
}

/** The links of `members`, strongest `most` of them, those inside left out. */
export function linksOf(graph, shown, members, most) {
  const inside = new Set(members),
    links = [];
  for (const i of members) {
    for (let e = graph.offset[i]; e < graph.offset[i + 1]; ++e) {
      if (shown.links[e] && !inside.has(graph.source[e])) links.push(e);
    }
    for (let k = graph.outOffset[i]; k < graph.outOffset[i + 1]; ++k) {
      const e = graph.outLink[k];
      if (shown.links[e] && !inside.has(graph.target[e])) links.push(e);
    }
  }
  if (links.length <= most) return links;
  const shares = new Map(links.map((e) => [e, shareOf(graph, shown, e)]));
  return links.sort((a, b) => shares.get(b) - shares.get(a) || a - b).slice(0, most);
}

/** The one of `links` that passes within `reach` pixels of a point, else -1. */
export function linkAt(scene, links, [px, py], reach) {
  let best = -1,
    least = reach;
  for (const e of links) {
    const start = toScreen(scene, scene.graph.source[e]),
      end = toScreen(scene, scene.graph.target[e]);
    if (Math.max(start[1], end[1]) < py - reach || Math.min(start[1], end[1]) > py + reach)
      continue;
    let from = start;
    for (let k = 1; k <= CURVE_PIECES; ++k) {
      const to = pointOf(start, end, k / CURVE_PIECES),
        distance = distanceTo(from, to, px, py);
      if (distance < least) [best, least] = [e, distance];
      from = to;
    }
  }
  return best;
}

/** Of the curve that painters draw. */
const pointOf = ([x1, y1], [x2, y2], t) => [
  x1 + (x2 - x1) * t * t * (3 - 2 * t),
  y1 + (y2 - y1) * t * (1.5 - 1.5 * t + t * t),
];

/** Of a point from a line's piece. */
function distanceTo([x1, y1], [x2, y2], px, py) {
  const dx = x2 - x1,
    dy = y2 - y1,
    length = dx * dx + dy * dy;
  const along = length > 0 ? ((px - x1) * dx + (py - y1) * dy) / length : 0,
    t = Math.max(0, Math.min(1, along));
  return Math.hypot(x1 + t * dx - px, y1 + t * dy - py);
}
