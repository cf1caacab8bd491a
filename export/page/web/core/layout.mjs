// Where the nodes of the link graph stand: layers are rows from tokens (bottom) to outputs (top),
// positions are columns. The nodes of a cell fill it line by line, so that any number fits.
import {TARGET, TOKEN, isOutput} from "./graph.mjs";

const COLUMN_GAP = 0.45,
  ROW_GAP = 0.9; // between neighbouring columns and rows, in nodes
const MARGIN = {left: 54, right: 18, top: 14, bottom: 30};

/**
 * {x, y [n]; room, rise [n]: pixels to the next node of the line, to the next line; crowd: how near nodes come; rows: [{name, y, top, bottom}];
 * columns: [{position, x, left, right}]} in pixels of a panel of this size. Only rows and columns
 * with nodes, which do not depend on what is shown, so that nothing jumps.
 */
export function placeNodes(graph, width, height) {
  const cells = cellsOf(graph);
  const aspect = cellAspect(cells, width, height);
  for (const cell of cells.values()) {
    cell.columns = Math.max(1, Math.ceil(Math.sqrt(cell.nodes.length * aspect)));
    cell.lines = Math.ceil(cell.nodes.length / cell.columns);
  }
  const rows = tracks(cells, "row", "lines", ROW_GAP);
  const columns = tracks(cells, "position", "columns", COLUMN_GAP);
  spread(rows, height - MARGIN.bottom, MARGIN.top);
  spread(columns, MARGIN.left, width - MARGIN.right);
  const [x, y, room, rise] = Array.from({length: 4}, () => new Float32Array(graph.n));
  for (const cell of cells.values()) {
    const row = rows.get(cell.row),
      column = columns.get(cell.position);
    const step = (column.end - column.start) / (column.size + COLUMN_GAP);
    const lineHeight = Math.abs(row.end - row.start) / (row.size + ROW_GAP);
    cell.nodes.forEach((i, k) => {
      const line = Math.floor(k / cell.columns);
      const inLine = Math.min(cell.columns, cell.nodes.length - line * cell.columns);
      const spacing =
        inLine === 1 ? Math.abs(column.end - column.start) * 0.9 : spacingIn(column, inLine, step);
      x[i] = column.middle + ((k % cell.columns) - (inLine - 1) / 2) * spacing;
      y[i] = row.middle + (line - (cell.lines - 1) / 2) * lineHeight;
      room[i] = spacing;
      rise[i] = lineHeight;
    });
  }
  return {
    x,
    y,
    room,
    rise,
    crowd: crowdOf(cells, rows, columns),
    width,
    height,
    margin: MARGIN,
    rows: [...rows].map(([key, row]) => ({name: rowName(graph, key), ...row})),
    columns: [...columns].map(([position, column]) => ({position, ...column})),
  };
}

/** Distance of neighbours, as small as one node in ten has it. */
function crowdOf(cells, rows, columns) {
  const near = [];
  for (const {row, position, nodes} of cells.values()) {
    const {start, end, size} = columns.get(position),
      {start: top, end: bottom, size: lines} = rows.get(row);
    const least = Math.min(
      Math.abs(end - start) / (size + COLUMN_GAP),
      Math.abs(bottom - top) / (lines + ROW_GAP),
    );
    for (let k = 0; k < nodes.length; ++k) near.push(least);
  }
  return near.sort((a, b) => a - b)[Math.floor(near.length / 10)] ?? 10;
}

/** Few nodes take the room that many would have. */
function spacingIn(column, count, step) {
  return Math.max(step, Math.min((Math.abs(column.end - column.start) * 0.9) / count, 120));
}

function cellsOf(graph) {
  const cells = new Map();
  for (let i = 0; i < graph.n; ++i) {
    const row = graph.kind[i] === TARGET ? Infinity : graph.kind[i] === TOKEN ? -1 : graph.layer[i];
    const key = `${row} ${graph.position[i]}`;
    if (!cells.has(key)) cells.set(key, {row, position: graph.position[i], nodes: []});
    cells.get(key).nodes.push(i);
  }
  return cells;
}

/** Wide panels with few columns get long lines. */
function cellAspect(cells, width, height) {
  const rows = new Set(),
    columns = new Set();
  for (const {row, position} of cells.values()) {
    rows.add(row);
    columns.add(position);
  }
  return Math.min(8, Math.max(0.5, width / columns.size / (height / rows.size)));
}

/** Rows or columns, ascending, each as large as its fullest cell needs. */
function tracks(cells, key, extent, gap) {
  const sizes = new Map();
  for (const cell of cells.values()) {
    sizes.set(cell[key], Math.max(sizes.get(cell[key]) ?? 0, cell[extent]));
  }
  const ascending = [...sizes].sort(([a], [b]) => a - b);
  return new Map(ascending.map(([track, size]) => [track, {size, weight: size + gap}]));
}

function spread(all, from, to) {
  let total = 0,
    at = from;
  for (const track of all.values()) total += track.weight;
  for (const track of all.values()) {
    const extent = ((to - from) * track.weight) / total;
    Object.assign(track, {start: at, end: at + extent, middle: at + extent / 2});
    at += extent;
  }
}

const rowName = (graph, row) =>
  row === Infinity ? targetRowName(graph) : row < 0 ? "tokens" : `L${row}`;

const targetRowName = (graph) =>
  graph.kind.some((kind, i) => kind === TARGET && isOutput(graph, i)) ? "output" : "target";
