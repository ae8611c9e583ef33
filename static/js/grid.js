/*
 * A table of rows as an ARIA grid: one tab stop, arrow keys between the cells, rows selected by key and by range.
 * Without this file it is a plain table with links and checkboxes, and every form on it works.
 *
 * Hooks
 *   <table data-grid>                 becomes the grid; a caption or aria-label names it
 *   <tr data-row data-href="…">       a row; Enter opens data-href
 *     data-minor data-currency        what the row adds to the sum of what is selected: minor units, ISO code
 *     <input type="checkbox" name="invoice" value="…">   its checkbox, the first one in the row
 *   <input data-select-all>           in the head, without a name: the rows of this page
 *   <tr data-currency data-exponent>  in the sum bar, with <td data-figure="selected" data-minor="0" data-whole="…">:
 *                                     data-minor is what is selected on other pages, data-whole the text for the whole filter
 *   <… data-selected-count>           shows how many are selected; data-other what is selected on other pages, data-whole the whole filter
 *   <… data-select-banner>            offers the whole filter once the page is selected; holds
 *                                     <input type="checkbox" name="whole_filter" data-whole-filter>
 * Event "grid:selected" bubbles from the table whenever the selection may have changed (selection.js keeps it over pages).
 * Keys: j k and arrows, Home End, PageUp PageDown, Space selects, Shift+arrows and Shift+click select a range,
 * Ctrl+A selects the page and, pressed again, the whole filter, Enter opens; in a field Enter moves down and Esc leaves it.
 */

import { amountText } from "./amounts.js";

const WIDGETS = "a[href], button, select, textarea, input:not([type=hidden])";
const TEXT_FIELDS = "textarea, select, input:not([type=checkbox], [type=radio])";
const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 20, PageUp: -20 };
const SIDEWAYS = { ArrowRight: 1, ArrowLeft: -1, End: Infinity, Home: -Infinity };

let anchor = null; // where a range of rows starts
let reached = null; // how far it goes now

document.addEventListener("htmx:load", setUp);
document.addEventListener("keydown", onKey);
document.addEventListener("click", onClick);
document.addEventListener("change", onChange);
document.addEventListener("focusin", (event) => {
  const grid = event.target.closest("[data-grid]");
  if (grid) moveTabStop(grid, event.target);
});
setUp();

function setUp() {
  for (const grid of document.querySelectorAll("[data-grid]:not([role=grid])")) {
    grid.setAttribute("role", "grid");
    grid.setAttribute("aria-multiselectable", "true");
  }
  for (const grid of document.querySelectorAll("[data-grid]")) {
    for (const stop of [...grid.rows].flatMap((row) => [...row.cells]).flatMap(stopsIn)) stop.tabIndex = -1;
    const row = rememberedRow(grid) ?? grid.querySelector("[data-row]") ?? grid.rows[0];
    const stop = row && stopsOf(row)[0];
    if (stop) stop.tabIndex = 0;
    showSelection(grid);
  }
}

/* Coming back to a list lands on the row that was opened from it. */
function rememberedRow(grid) {
  const row = grid.querySelectorAll("[data-row]")[sessionStorage.getItem(placeKey())];
  const cameBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
  if (row && cameBack && document.activeElement === document.body) stopsOf(row)[0].focus();
  return row;
}

function placeKey() {
  return `grid ${location.pathname}${location.search}`;
}

function onKey(event) {
  const grid = event.target.closest("[data-grid]");
  if (!grid || event.altKey) return;
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
  if (key === "Escape") return () => focusCell(target.closest("td"));
  return null;
}

function actionOnRow(event, grid) {
  const { key, target } = event;
  const row = target.closest("[data-row]");
  if (event.ctrlKey || event.metaKey) return key === "a" ? () => selectMore(grid) : null;
  if (key in STEPS) return () => moveRow(grid, target, STEPS[key], event.shiftKey);
  if (key in SIDEWAYS) return () => moveSideways(grid, target, SIDEWAYS[key]);
  if (!row || target.matches("button")) return null;
  if (key === " " && !target.matches("input")) return () => toggle(grid, row);
  if (key === "Enter" && row.dataset.href && !target.matches("a")) return () => open(grid, row);
  return null;
}

function moveRow(grid, from, step, isRange = false) {
  const rows = [...grid.rows].filter((row) => row.offsetParent && stopsOf(row).length);
  const cell = from.closest("td, th");
  const start = rows.indexOf(cell.parentElement);
  const next = rows[Math.min(Math.max(start + step, 0), rows.length - 1)];
  focusCell(next.cells[Math.min(cell.cellIndex, next.cells.length - 1)]);
  if (isRange) stretch(grid, rows[start], next);
  else anchor = reached = null;
}

function moveSideways(grid, from, step) {
  const stops = stopsOf(from.closest("tr"));
  const next = Math.min(Math.max(stops.indexOf(from) + step, 0), stops.length - 1);
  stops[next].focus();
}

/* Every widget of a row is a stop; a cell without one is a stop itself. */
function stopsOf(row) {
  return [...row.cells].filter((cell) => cell.offsetParent).flatMap(stopsIn);
}

function stopsIn(cell) {
  const widgets = [...cell.querySelectorAll(WIDGETS)].filter((widget) => !widget.disabled);
  return widgets.length ? widgets : [cell];
}

function focusCell(cell) {
  const stop = cell.contains(document.activeElement) ? cell : stopsIn(cell)[0];
  stop.tabIndex = -1;
  stop.focus();
  if (stop.select && stop.matches(TEXT_FIELDS)) stop.select();
  cell.parentElement.scrollIntoView({ block: "nearest" });
}

function moveTabStop(grid, target) {
  for (const old of grid.querySelectorAll("[tabindex='0']")) old.tabIndex = -1;
  target.tabIndex = 0;
}

function open(grid, row) {
  sessionStorage.setItem(placeKey(), rowsOf(grid).indexOf(row));
  location.assign(row.dataset.href);
}

function rowsOf(grid) {
  return [...grid.querySelectorAll("[data-row]")];
}

function boxOf(row) {
  return row.querySelector("input[type=checkbox]:not(:disabled)");
}

function toggle(grid, row) {
  const box = boxOf(row);
  if (!box) return;
  box.checked = !box.checked;
  anchor = reached = row;
  showSelection(grid);
}

/* The range runs from where it began to where the keyboard stands; what it no longer covers is let go. */
function stretch(grid, from, to) {
  anchor ??= from;
  choose(between(grid, anchor, reached ?? from), false);
  choose(between(grid, anchor, to), true);
  reached = to;
  showSelection(grid);
}

function between(grid, one, other) {
  const rows = rowsOf(grid);
  const [first, last] = [rows.indexOf(one), rows.indexOf(other)].sort((a, b) => a - b);
  return rows.slice(Math.max(first, 0), last + 1);
}

function choose(rows, isChosen) {
  for (const box of rows.map(boxOf)) if (box) box.checked = isChosen;
}

function selectMore(grid) {
  const whole = document.querySelector("[data-whole-filter]");
  if (whole && rowsOf(grid).every((row) => boxOf(row)?.checked ?? true)) whole.checked = true;
  choose(rowsOf(grid), true);
  showSelection(grid);
}

function onClick(event) {
  const row = event.target.closest("[data-grid] [data-row]");
  if (row && event.target.closest("a[href]")) sessionStorage.setItem(placeKey(), rowsOf(row.closest("table")).indexOf(row));
  if (!row || event.target !== boxOf(row)) return;
  if (event.shiftKey && anchor) choose(between(row.closest("table"), anchor, row), event.target.checked);
  else anchor = row;
  reached = row;
}

function onChange(event) {
  const grid = event.target.closest("[data-grid]") ?? document.querySelector("[data-grid]");
  if (!grid || event.target.type !== "checkbox") return;
  if (event.target.matches("[data-select-all]")) choose(rowsOf(grid), event.target.checked);
  if (!event.target.matches("[data-whole-filter]") && !event.target.checked) dropWholeFilter();
  showSelection(grid);
}

function dropWholeFilter() {
  const whole = document.querySelector("[data-whole-filter]");
  if (whole) whole.checked = false;
}

function showSelection(grid) {
  const rows = rowsOf(grid).filter(boxOf);
  const chosen = rows.filter((row) => boxOf(row).checked);
  const isAll = rows.length > 0 && chosen.length === rows.length;
  for (const row of rows) row.setAttribute("aria-selected", boxOf(row).checked);
  const all = grid.querySelector("[data-select-all]");
  if (all) [all.checked, all.indeterminate] = [isAll, chosen.length > 0 && !isAll];
  const banner = document.querySelector("[data-select-banner]");
  if (banner) banner.hidden = !isAll;
  const isWhole = isAll && Boolean(document.querySelector("[data-whole-filter]")?.checked);
  showCounts(chosen, isWhole);
  showSums(chosen, isWhole);
  grid.dispatchEvent(new CustomEvent("grid:selected", { bubbles: true }));
}

function showCounts(chosen, isWhole) {
  for (const place of document.querySelectorAll("[data-selected-count]")) {
    const count = chosen.length + Number(place.dataset.other ?? 0);
    place.textContent = isWhole ? place.dataset.whole : count.toLocaleString("en");
  }
}

function showSums(chosen, isWhole) {
  for (const figure of document.querySelectorAll("[data-figure=selected]")) {
    const { currency, exponent } = figure.closest("[data-currency]").dataset;
    const rows = chosen.filter((row) => row.dataset.currency === currency);
    const total = rows.reduce((sum, row) => sum + BigInt(row.dataset.minor), BigInt(figure.dataset.minor));
    figure.textContent = isWhole && figure.dataset.whole ? figure.dataset.whole : amountText(total, Number(exponent));
  }
}
