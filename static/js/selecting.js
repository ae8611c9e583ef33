/*
 * Rows of a grid are selected, by key, by range and by the whole filter, and the sum bar follows.
 *
 * Hooks, inside a [data-grid] of grid.js
 *   <tr data-row>                     data-minor data-currency: what it adds to the sum of what is selected
 *     <input type="checkbox" name="invoice" value="…">   its checkbox, the first one in the row
 *   <input data-select-all>           in the head, without a name: the rows of this page
 *   <tr data-currency data-exponent>  in the sum bar, with <td data-figure="selected" data-minor="0" data-whole="…">:
 *                                     data-minor is what is selected on other pages, data-whole the text for the whole filter
 *   <… data-selected-count>           shows how many are selected; data-other what is selected on other pages, data-whole the whole filter
 *   <… data-select-banner>            asks for the whole filter once the page is selected; holds
 *                                     <input type="checkbox" name="whole_filter" data-whole-filter>
 *   <form data-keep-selection>        around the grid; with nothing selected its <button data-key> is about the row that the
 *                                     keyboard stands on
 * Event "grid:selected" bubbles from the table whenever the selection may have changed (selection.js keeps it over pages).
 * Keys: Space selects, Shift+arrows and Shift+click select a range, Ctrl+A selects the page and asks for the whole filter,
 * pressed again it answers.
 */

import { amountText } from "./amounts.js";
import { boxOf, moveRow, rowsOf, TEXT_FIELDS } from "./rows.js";

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 };

let anchor = null; // where a range of rows starts
let reached = null; // how far it goes now

document.addEventListener("htmx:load", showAll);
document.addEventListener("keydown", onKey);
document.addEventListener("click", onClick);
document.addEventListener("change", onChange);
showAll();

function showAll() {
  for (const grid of document.querySelectorAll("[data-grid]")) showSelection(grid);
}

function onKey(event) {
  const grid = event.target.closest("[data-grid]");
  if (!grid || event.altKey || event.defaultPrevented || event.target.matches(TEXT_FIELDS)) return;
  const act = actionFor(event, grid);
  if (!act) return;
  event.preventDefault();
  act();
}

function actionFor({ key, target, ctrlKey, metaKey, shiftKey }, grid) {
  const row = target.closest("[data-row]");
  if (ctrlKey || metaKey) return key === "a" ? () => selectMore(grid) : null;
  if (shiftKey && key in STEPS) return () => stretch(grid, target, STEPS[key]);
  if (key === " " && row && !target.matches("input, button")) return () => toggle(grid, row);
  return null;
}

function toggle(grid, row) {
  const box = boxOf(row);
  if (!box) return;
  box.checked = !box.checked;
  anchor = reached = row;
  showSelection(grid);
}

/* The range runs from where it began to where the keyboard stands; what it no longer covers is let go. */
function stretch(grid, from, step) {
  const start = from.closest("[data-row]");
  if (!start) return void moveRow(grid, from, step);
  if (start !== reached) anchor = reached = start;
  choose(between(grid, anchor, reached), false);
  reached = moveRow(grid, from, step);
  choose(between(grid, anchor, reached), true);
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
  if (event.target.closest("button[data-key]")?.form?.matches("[data-keep-selection]")) chooseRowOfKeyboard();
  const row = event.target.closest("[data-grid] [data-row]");
  if (!row || event.target !== boxOf(row)) return;
  if (event.shiftKey && anchor) choose(between(row.closest("table"), anchor, row), event.target.checked);
  else anchor = row;
  reached = row;
}

function chooseRowOfKeyboard() {
  const row = document.activeElement.closest("[data-grid] [data-row]");
  const isNothing = [...document.querySelectorAll("[data-selected-count]")].every((each) => each.textContent.trim() === "0");
  if (row && boxOf(row) && isNothing) toggle(row.closest("[data-grid]"), row);
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
