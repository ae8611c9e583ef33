/*
 * A table of rows as an ARIA grid: one tab stop, and keys that move between the cells.
 * Without this file it is a plain table with links and checkboxes, and every form on it works.
 *
 * Hooks
 *   <table data-grid>                 becomes the grid; a caption or aria-label names it; aria-rowcount is the server's
 *     data-first="51"                 the place of its first row in the whole list
 *   <tr data-row data-href="…">       a row; Enter opens data-href
 * Rows are selected by selecting.js, cells changed by cells.js.
 * Keys: j k and arrows, Home End, Ctrl+Home Ctrl+End, PageUp PageDown, Enter opens; in a field Enter moves down and Esc
 * leaves it.
 */

import { focusCell, moveRow, rowsOf, stopsIn, stopsOf, TEXT_FIELDS } from "./rows.js";

const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 20, PageUp: -20 };
const SIDEWAYS = { ArrowRight: 1, ArrowLeft: -1, End: Infinity, Home: -Infinity };

document.addEventListener("htmx:load", setUp);
document.addEventListener("keydown", onKey);
document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-grid] [data-row]");
  if (row && event.target.closest("a[href]")) remember(row);
});
document.addEventListener("focusin", (event) => {
  const grid = event.target.closest("[data-grid]");
  if (grid) moveTabStop(grid, event.target);
});
setUp();

function setUp() {
  for (const grid of document.querySelectorAll("[data-grid]")) {
    describe(grid);
    for (const stop of [...grid.rows].flatMap((row) => [...row.cells]).flatMap(stopsIn)) stop.tabIndex = -1;
    const row = rememberedRow(grid) ?? grid.querySelector("[data-row]") ?? grid.rows[0];
    const stop = row && stopsOf(row)[0];
    if (stop) stop.tabIndex = 0;
  }
}

/* Which row of the whole list, and which column: what is on the page may be a part of it. */
function describe(grid) {
  grid.setAttribute("role", "grid");
  grid.setAttribute("aria-multiselectable", "true");
  grid.setAttribute("aria-readonly", "true");
  grid.setAttribute("aria-colcount", grid.rows[0]?.cells.length ?? 0);
  grid.rows[0]?.setAttribute("aria-rowindex", 1);
  const first = Number(grid.dataset.first ?? 1);
  rowsOf(grid).forEach((row, place) => row.setAttribute("aria-rowindex", first + place + 1));
  for (const row of grid.rows) for (const cell of row.cells) cell.setAttribute("aria-colindex", cell.cellIndex + 1);
}

/* Coming back to a list lands on the row that was opened from it. */
function rememberedRow(grid) {
  const row = rowsOf(grid)[sessionStorage.getItem(placeKey())];
  const cameBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  if (row && cameBack && document.activeElement === document.body) stopsOf(row)[0].focus();
  return row;
}

function remember(row) {
  sessionStorage.setItem(placeKey(), rowsOf(row.closest("[data-grid]")).indexOf(row));
}

function placeKey() {
  return `grid ${location.pathname}${location.search}`;
}

function onKey(event) {
  const grid = event.target.closest("[data-grid]");
  if (!grid || event.altKey || event.defaultPrevented) return;
  const act = event.target.matches(TEXT_FIELDS) ? actionInField(event, grid) : actionOnRow(event, grid);
  if (!act) return;
  event.preventDefault();
  act();
}

function actionInField(event, grid) {
  const { key, target } = event;
  if (target.matches("select, textarea")) return null;
  if (key === "ArrowDown" || (key === "Enter" && !event.ctrlKey)) return () => moveRow(grid, target, 1);
  if (key === "ArrowUp") return () => moveRow(grid, target, -1);
  if (key === "Escape") return () => focusCell(target.closest("td, th"));
  return null;
}

function actionOnRow(event, grid) {
  const { key, target } = event;
  const row = target.closest("[data-row]");
  if (event.ctrlKey || event.metaKey) return key === "Home" || key === "End" ? () => toCorner(grid, key) : null;
  if (event.shiftKey && key in STEPS) return null;
  if (key in STEPS) return () => moveRow(grid, target, STEPS[key]);
  if (key in SIDEWAYS) return () => moveSideways(target, SIDEWAYS[key]);
  const opens = key === "Enter" && row?.dataset.href && !target.matches("a, button");
  return opens ? () => (remember(row), location.assign(row.dataset.href)) : null;
}

function moveSideways(from, step) {
  const stops = stopsOf(from.closest("tr"));
  const next = Math.min(Math.max(stops.indexOf(from) + step, 0), stops.length - 1);
  stops[next].focus();
}

/* The first cell of the first row, or the last of the last. */
function toCorner(grid, key) {
  const row = rowsOf(grid).at(key === "Home" ? 0 : -1);
  if (row) stopsOf(row).at(key === "Home" ? 0 : -1).focus();
  row?.scrollIntoView({ block: "nearest" });
}

function moveTabStop(grid, target) {
  for (const old of grid.querySelectorAll("[tabindex='0']")) old.tabIndex = -1;
  target.tabIndex = 0;
}
