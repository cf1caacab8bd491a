// Draws a head's map: one pixel a cell for the grid, large with names for the one that is chosen.
import {shorten} from "../view/dom.mjs";
import {stepOf, weightOf} from "./pattern_data.mjs";

const LABEL = 11; // pixels of a token's name
const MOST_LABEL = 16; // characters

/** On a canvas of n × n pixels, which the page's style enlarges. */
export function drawSmall(canvas, patterns, head, theme) {
  const {n} = patterns;
  canvas.width = canvas.height = n;
  const context = canvas.getContext("2d"),
    image = context.createImageData(n, n);
  const colours = new Map();
  let at = 0;
  forEachCell(patterns, head, theme, (query, key, colour) => {
    if (!colours.has(colour)) colours.set(colour, bytesOf(colour));
    image.data.set(colours.get(colour), at);
    at += 4;
  });
  context.putImageData(image, 0, 0);
}

/** Of `#rrggbb`. */
const bytesOf = (colour) => [...[1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16)), 255];

/** Row by row. */
function forEachCell(patterns, head, theme, visit) {
  for (let query = 0; query < patterns.n; ++query) {
    for (let key = 0; key < patterns.n; ++key) {
      const step = key > query ? -1 : stepOf(patterns, weightOf(patterns, head, query, key));
      const colour = key > query ? theme.later : step < 0 ? theme.background : theme.steps[step];
      visit(query, key, colour);
    }
  }
}

/** Where the cells of the large map lie. */
export function layOut(patterns, context, width) {
  context.font = `${LABEL}px system-ui, sans-serif`;
  const names = patterns.tokens.map((token) => shorten(token.trim() || "␣", MOST_LABEL));
  const left = Math.ceil(Math.max(...names.map((name) => context.measureText(name).width))) + 8;
  const cell = Math.max(5, Math.min(30, Math.floor((width - left - 2) / patterns.n)));
  return {names, left, top: left, cell, side: cell * patterns.n};
}

/** `marks`: [[query, key]] that scores explain; `at`: the cell that is pointed at, or null. */
export function drawLarge(canvas, patterns, head, {theme, layout, marks, at}) {
  const {names, left, top, cell, side} = layout,
    scale = window.devicePixelRatio || 1;
  canvas.width = (left + side + 2) * scale;
  canvas.height = (top + side + 2) * scale;
  canvas.style.width = `${left + side + 2}px`;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.font = `${Math.max(7, Math.min(LABEL, cell - 1))}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  names.forEach((name, i) => drawNames(context, layout, name, i, theme, at));
  context.save();
  context.translate(left, top);
  forEachCell(patterns, head, theme, (query, key, colour) => {
    context.fillStyle = colour;
    context.fillRect(key * cell, query * cell, cell, cell);
  });
  const box = (query, key, colour, width) => {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.strokeRect(key * cell, query * cell, cell, cell);
  };
  for (const [query, key] of marks) box(query, key, theme.mark, 2.5);
  if (at) box(...at, theme.text, 2);
  context.strokeStyle = theme.rule;
  context.lineWidth = 1;
  context.strokeRect(0, 0, side, side);
  context.restore();
}

/** Queries at the left, keys on top, in small cells only those that are pointed at. */
function drawNames(context, {left, top, cell}, name, i, theme, at) {
  if (cell < 8 && !at?.includes(i)) return;
  context.fillStyle = theme.text;
  if (cell >= 8 || at[0] === i) {
    context.textAlign = "right";
    context.fillText(name, left - 5, top + (i + 0.5) * cell);
  }
  if (cell >= 8 || at[1] === i) {
    context.save();
    context.translate(left + (i + 0.5) * cell, top - 5);
    context.rotate(-Math.PI / 2);
    context.textAlign = "left";
    context.fillText(name, 0, 0);
    context.restore();
  }
}
