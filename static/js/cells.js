/*
 * Cells of a grid changed where they stand. Without this file their links lead to a form of their own (payments/cells/).
 *
 * Hooks
 *   <a data-edit="to_pay" data-value="60.00" data-seen="60||" href="…/cells/">   in a cell: what stands there, and its mark
 *   <template data-editor="to_pay" data-label="To pay">   the fields that change it; <input data-field="to_pay"> is posted as to_pay,
 *                                     and holds its part of data-value (parts stand between "|")
 *   data-starts                       on a field: a digit typed on the cell starts it
 *   <… data-said>                     a live region: what came of it, and what was refused
 * Keys: Enter, F2 or a click changes; Enter keeps and moves down, Shift+Enter up, Tab on to the next such cell, Esc takes back;
 * Delete empties. A cell that is refused keeps what was typed and says why beside it; saving goes on meanwhile.
 */

import { focusCell, moveRow, stopsOf } from "./rows.js";

const STARTS = /^[0-9.=(−-]$/;
const lines = new WeakMap(); // row → what is being saved of it: the next waits, so that it knows what stands there
let saving = 0;

document.addEventListener("htmx:load", setUp);
document.addEventListener("keydown", onKey);
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-grid] [data-edit]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !templateOf(link)) return;
  event.preventDefault();
  begin(link);
});
document.addEventListener("focusout", (event) => {
  const editor = event.target.closest("[data-cell-editor]");
  if (editor && !editor.contains(event.relatedTarget) && !editor.isOver && !editor.dataset.refused) keep(editor);
});
window.addEventListener("beforeunload", (event) => {
  if (saving || document.querySelector("[data-refused]")) event.preventDefault();
});
setUp();

function setUp() {
  for (const link of document.querySelectorAll("[data-grid] [data-edit]")) link.closest("td").setAttribute("aria-readonly", "false");
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const editor = event.target.closest("[data-cell-editor]");
  const link = event.target.closest("[data-grid] [data-edit]");
  const act = editor ? actionInEditor(event, editor) : link && templateOf(link) && actionOn(event, link);
  if (!act) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  act();
}

function actionInEditor({ key, shiftKey, target }, editor) {
  if (key === "Enter") return () => (keep(editor), moveOn(editor, shiftKey ? -1 : 1));
  if (key === "Escape") return () => (end(editor), focusCell(editor.cell));
  if (key === "Tab" && !shiftKey && target === fieldsOf(editor).at(-1)) return () => tabOn(editor);
  return null;
}

function actionOn({ key }, link) {
  if (key === "Enter" || key === "F2") return () => begin(link);
  if (key === "Delete" || key === "Backspace") return () => empty(link);
  if (STARTS.test(key) && templateOf(link).content.querySelector("[data-starts]")) return () => begin(link, key);
  return null;
}

function templateOf(link) {
  return document.querySelector(`template[data-editor="${link.dataset.edit}"]`);
}

/* --- An editor in the place of the link ---------------------------------------------------------------------------- */

function begin(link, started = null, typed = {}) {
  const [cell, template] = [link.closest("td"), templateOf(link)];
  const editor = document.createElement("span");
  Object.assign(editor, { className: "entry__editor", cell });
  editor.dataset.cellEditor = link.dataset.edit;
  editor.append(template.content.cloneNode(true));
  const parts = link.dataset.value.split("|");
  fieldsOf(editor).forEach((field, place, all) => {
    field.value = (place === all.length - 1 ? parts.slice(place).join("|") : parts[place]) ?? "";
    field.dataset.before = field.value;
    field.value = typed[field.dataset.field] ?? field.value;
    field.setAttribute("aria-label", `${field.dataset.label ?? template.dataset.label}, ${nameOf(cell)}`);
  });
  link.hidden = true;
  cell.append(editor);
  const first = fieldsOf(editor)[0];
  first.focus();
  if (started !== null) first.value = started;
  else first.select?.();
  return editor;
}

function fieldsOf(editor) {
  return [...editor.querySelectorAll("[data-field]")];
}

function nameOf(cell) {
  return cell.parentElement.querySelector("th[scope=row]")?.textContent.trim() ?? "";
}

function linkOf(cell) {
  return cell.querySelector("[data-edit]");
}

function end(editor) {
  const link = linkOf(editor.cell);
  editor.isOver = true; // its leaving is no wish to keep it
  editor.remove();
  if (link) link.hidden = false;
}

function moveOn(editor, step) {
  moveRow(editor.cell.closest("[data-grid]"), editor.cell, step);
}

function tabOn(editor) {
  const stops = stopsOf(editor.cell.parentElement);
  const here = stops.findIndex((stop) => editor.contains(stop));
  keep(editor);
  (stops.slice(here + 1).find((stop) => stop.matches("[data-edit]")) ?? linkOf(editor.cell))?.focus();
}

function empty(link) {
  const editor = begin(link);
  for (const field of fieldsOf(editor)) field.value = "";
  keep(editor);
  focusCell(editor.cell);
}

/* --- Saving --------------------------------------------------------------------------------------------------------- */

function keep(editor) {
  const fields = fieldsOf(editor);
  const isChanged = editor.dataset.refused !== undefined || fields.some((field) => field.value !== field.dataset.before);
  const typed = Object.fromEntries(fields.map((field) => [field.dataset.field, field.value]));
  end(editor);
  if (!isChanged) return;
  const { cell } = editor;
  const link = linkOf(cell);
  link.textContent = fields.map((field) => field.selectedOptions?.[0]?.label ?? field.value).filter(Boolean).join(": ");
  cell.setAttribute("aria-busy", "true");
  const row = cell.parentElement;
  const before = lines.get(row) ?? Promise.resolve();
  saving += 1;
  lines.set(row, before.then(() => save(cell, editor.dataset.cellEditor, typed)).finally(() => (saving -= 1)));
}

async function save(cell, key, typed) {
  const answer = await send(linkOf(cell), typed);
  cell.removeAttribute("aria-busy");
  if (answer.row) showRow(cell.parentElement, answer.row);
  if (answer.isDone) say(answer.said);
  else refuse(cell, typed, answer.said);
}

async function send(link, typed) {
  const form = link.closest("form");
  const body = new URLSearchParams({ ...typed, key: newKey(), seen: link.dataset.seen, back: form.elements.back?.value ?? "" });
  if (link.dataset.edit === "tags") body.set("seen_tags", link.dataset.seen);
  const headers = { "HX-Request": "true", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
  try {
    const response = await fetch(link.href, { method: "POST", body, headers });
    return { ...(await response.json()), isDone: response.ok };
  } catch {
    return { isDone: false, said: "Not saved: the server gave no answer. Press Enter to try again." };
  }
}

/* A key of its own for every wish, so that one that is sent twice is done once. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/* What was typed stands again, with what is wrong beside it; whoever types elsewhere by now is not disturbed. */
function refuse(cell, typed, why) {
  const active = document.activeElement;
  const editor = cell.querySelector("[data-cell-editor]") ?? begin(linkOf(cell), null, typed);
  editor.dataset.refused = "yes";
  const said = Object.assign(document.createElement("span"), { className: "entry__error", textContent: why, id: `why-${newKey()}` });
  for (const field of fieldsOf(editor)) {
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", said.id);
    field.tabIndex = -1;
  }
  editor.append(said);
  if (active?.isConnected && active !== document.body) active.focus();
  say(why);
}

/* The row as the server shows it, but for a cell that somebody is in. */
function showRow(row, html) {
  const template = document.createElement("template");
  template.innerHTML = `<table><tbody>${html}</tbody></table>`;
  const fresh = template.content.querySelector("tr");
  Object.assign(row.dataset, { minor: fresh.dataset.minor });
  for (const cell of row.querySelectorAll("[data-column]")) {
    const next = fresh.querySelector(`[data-column="${cell.dataset.column}"]`);
    if (next) showCell(cell, next);
  }
}

function showCell(cell, next) {
  const [old, link] = [linkOf(cell), linkOf(next)];
  if (cell.querySelector("[data-cell-editor]") && old && link) {
    Object.assign(old.dataset, link.dataset);
    return;
  }
  const [hadFocus, hadStop] = [cell.contains(document.activeElement), Boolean(cell.querySelector("[tabindex='0']"))];
  if (cell.innerHTML === next.innerHTML) return;
  cell.innerHTML = next.innerHTML;
  for (const stop of cell.querySelectorAll("a")) stop.tabIndex = hadStop ? 0 : -1;
  if (hadFocus) focusCell(cell);
}

function say(text) {
  for (const place of document.querySelectorAll("[data-said]")) place.textContent = text;
}
