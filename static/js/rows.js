/*
 * What grid.js, selecting.js and cells.js know of a table of rows: where the keyboard can stand, and how it gets there.
 * Imported under its plain name, as amounts.js is; it listens to nothing.
 */

const WIDGETS = "a[href], button, select, textarea, input:not([type=hidden])";
export const TEXT_FIELDS = "textarea, select, input:not([type=checkbox], [type=radio])";

export function rowsOf(grid) {
  return [...grid.querySelectorAll("[data-row]")];
}

export function boxOf(row) {
  return row.querySelector("input[type=checkbox]:not(:disabled)");
}

/* Every widget of a row is a stop; a cell without one is a stop itself. */
export function stopsOf(row) {
  return [...row.cells].filter((cell) => cell.offsetParent).flatMap(stopsIn);
}

export function stopsIn(cell) {
  const widgets = [...cell.querySelectorAll(WIDGETS)].filter((widget) => !widget.disabled && !widget.hidden);
  return widgets.length ? widgets : [cell];
}

export function focusCell(cell) {
  const stop = cell.contains(document.activeElement) ? cell : stopsIn(cell)[0];
  stop.tabIndex = -1;
  stop.focus();
  if (stop.select && stop.matches(TEXT_FIELDS)) stop.select();
  cell.parentElement.scrollIntoView({ block: "nearest" });
}

/* To the same column, so many rows on; the row that is reached. */
export function moveRow(grid, from, step) {
  const rows = [...grid.rows].filter((row) => row.offsetParent && stopsOf(row).length);
  const cell = from.closest("td, th");
  const place = rows.indexOf(cell.parentElement) + step;
  const next = rows[Math.min(Math.max(place, 0), rows.length - 1)];
  focusCell(next.cells[Math.min(cell.cellIndex, next.cells.length - 1)]);
  return next;
}
