// Rows of cells as one stop of Tab: arrows move among what has `data-cell`.

export function moveInGrid(grid) {
  const rows = [...grid.querySelectorAll("[role=row]")].map((row) => [
    ...row.querySelectorAll("[data-cell]"),
  ]);
  for (const cell of rows.flat()) cell.tabIndex = -1;
  if (rows.length > 0) rows[0][0].tabIndex = 0;
  grid.addEventListener("keydown", (event) => {
    const at = rows.findIndex((row) => row.includes(event.target));
    if (at < 0) return;
    const column = rows[at].indexOf(event.target),
      last = rows.length - 1;
    const next = {
      ArrowDown: [at + 1, column],
      ArrowUp: [at - 1, column],
      ArrowLeft: [at, column - 1],
      ArrowRight: [at, column + 1],
      Home: [0, column],
      End: [last, column],
    }[event.key];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    const cell = rows[Math.max(0, Math.min(last, next[0]))][next[1]];
    if (!cell) return;
    event.target.tabIndex = -1;
    cell.tabIndex = 0;
    cell.focus();
  });
}
