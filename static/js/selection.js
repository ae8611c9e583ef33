/*
 * What is selected stays selected while somebody pages and filters, for this tab of the browser.
 * Without this file a form sends what is checked on its page.
 *
 * Hooks
 *   <form data-keep-selection="…">    around a [data-grid]; the value tells one customer's list from another's
 *   <button data-spends-selection>    sends the form and forgets the selection, because the rows leave the list
 *   <button type="button" data-clear-selection>   forgets it at once
 * Checked rows of other pages go along as hidden fields of the same name. Loaded before grid.js, which tells it of changes.
 */

document.addEventListener("htmx:load", restore);
document.addEventListener("grid:selected", remember);
document.addEventListener("submit", sendAlong);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-clear-selection]")) clear();
});
restore();

function formHere() {
  return document.querySelector("form[data-keep-selection]");
}

function boxesHere() {
  return [...formHere().querySelectorAll("[data-row] input[type=checkbox][name]")];
}

function storageKey() {
  return `selection ${formHere().dataset.keepSelection} ${location.pathname}`;
}

/* { value of the checkbox: [minor units, currency] } */
function kept() {
  return JSON.parse(sessionStorage.getItem(storageKey()) ?? "{}");
}

function othersOf(selection) {
  const here = new Set(boxesHere().map((box) => box.value));
  return Object.entries(selection).filter(([value]) => !here.has(value));
}

function restore() {
  if (!formHere()) return;
  const selection = kept();
  for (const box of boxesHere()) box.checked ||= box.value in selection;
  showOthers(othersOf(selection));
}

function showOthers(others) {
  for (const place of document.querySelectorAll("[data-selected-count]")) place.dataset.other = others.length;
  for (const figure of document.querySelectorAll("[data-figure=selected]")) {
    const { currency } = figure.closest("[data-currency]").dataset;
    const ofCurrency = others.filter(([, [, each]]) => each === currency);
    figure.dataset.minor = ofCurrency.reduce((sum, [, [minor]]) => sum + BigInt(minor), 0n);
  }
}

function remember() {
  if (!formHere()) return;
  const selection = kept();
  for (const box of boxesHere()) {
    const { minor, currency } = box.closest("[data-row]").dataset;
    if (box.checked) selection[box.value] = [minor, currency];
    else delete selection[box.value];
  }
  sessionStorage.setItem(storageKey(), JSON.stringify(selection));
}

function sendAlong(event) {
  if (!formHere() || event.target !== formHere()) return;
  const isWhole = formHere().querySelector("[data-whole-filter]")?.checked;
  const name = boxesHere()[0]?.name;
  if (name && !isWhole) formHere().append(...othersOf(kept()).map(([value]) => hiddenField(name, value)));
  if (event.submitter?.matches("[data-spends-selection]")) sessionStorage.removeItem(storageKey());
}

function hiddenField(name, value) {
  const field = document.createElement("input");
  Object.assign(field, { type: "hidden", name, value });
  return field;
}

function clear() {
  sessionStorage.removeItem(storageKey());
  for (const box of boxesHere()) box.checked = false;
  showOthers([]);
  boxesHere()[0]?.dispatchEvent(new Event("change", { bubbles: true }));
}
