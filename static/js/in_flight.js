/*
 * Nothing that somebody does at a pay run is lost with the page that htmx puts in its place.
 *
 * While an answer is awaited, keys wait and are pressed after it; what is checked and typed meanwhile is checked and
 * typed again. Amounts that are not saved yet follow the reader through filters, orders and pages of the run, and are
 * sent with the next save, also from a page that does not show them. Loaded after allocate.js; reads its hooks:
 *   <form data-allocate>, <input data-amount name>, <input data-short name>, and the checkboxes of <tr data-row>
 */

const FIELDS = "textarea, select, input:not([type=checkbox], [type=radio])";
const WITH_CONTROL = ["a", "Home", "End"]; // what the grid does with Control; the browser keeps the others
const typed = new Map(); // name of an amount → its text, as far as it is not saved
let asked = null; // while an answer is awaited: how the fields stood when it was asked for
let keys = []; // pressed meanwhile

document.addEventListener("keydown", keepKey, true);
document.addEventListener("htmx:configRequest", sendAlong);
document.addEventListener("htmx:beforeRequest", (event) => {
  if (isOurs(event)) asked = { saves: event.detail.requestConfig.verb === "post", boxes: checkedNow(), amounts: textsNow() };
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (asked && isOurs(event)) keepWhatChanged(event.detail.xhr.status < 400);
});
document.addEventListener("htmx:afterSettle", goOn);
for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(failure, goOn);

function form() {
  return document.querySelector("form[data-allocate]");
}

function isOurs(event) {
  return form() && event.detail.target?.id === "content";
}

function boxes() {
  return [...form().querySelectorAll("[data-row] input[type=checkbox]")];
}

function amounts() {
  return [...form().querySelectorAll("[data-row] :is([data-amount], [data-short])")];
}

function checkedNow() {
  return new Map(boxes().map((box) => [box.value, box.checked]));
}

function textsNow() {
  return new Map(amounts().map((input) => [input.name, input.value]));
}

function keepKey(event) {
  const { key, shiftKey, ctrlKey, metaKey } = event;
  if (!asked || !event.isTrusted || event.altKey || event.target.matches(FIELDS)) return;
  if ((ctrlKey || metaKey) && !WITH_CONTROL.includes(key)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  keys.push({ key, shiftKey, ctrlKey, metaKey });
}

function sendAlong(event) {
  if (!isOurs(event) || event.detail.verb !== "post") return;
  for (const [name, text] of typed) if (!form().elements[name]) event.detail.parameters[name] = text;
}

/* What was sent is saved; what was changed since, and on the way to another page all that is not saved, is kept. */
function keepWhatChanged(isDone) {
  if (asked.saves && isDone) typed.clear();
  for (const input of amounts()) {
    const before = asked.saves ? asked.amounts.get(input.name) : input.defaultValue;
    if (input.value !== before) typed.set(input.name, input.value);
    else typed.delete(input.name);
  }
  asked.changed = [...checkedNow()].filter(([value, isChecked]) => asked.boxes.get(value) !== isChecked);
}

function goOn() {
  if (!asked) return;
  const { changed = [] } = asked;
  asked = null;
  if (form()) putBack(new Map(changed));
  const waiting = keys;
  keys = [];
  for (const each of waiting) press(each);
}

function putBack(changed) {
  for (const box of boxes().filter((each) => changed.has(each.value))) {
    box.checked = changed.get(box.value);
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }
  for (const input of amounts().filter((each) => typed.has(each.name))) {
    input.value = typed.get(input.name);
    input.closest(".placing__part")?.classList.add("placing__part--changed");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/* A key that starts another request makes those after it wait again. */
function press(each) {
  if (asked) keys.push(each);
  else document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { ...each, bubbles: true, cancelable: true }));
}
