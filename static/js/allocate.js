/*
 * The pay-run builder: figures move while somebody types, and keys 1–9 send rows to a payment.
 * All of it is advice on the screen; the server adds up again and decides. Amounts are integers of minor units.
 *
 * Hooks
 *   <form data-allocate>                the form of the page; it holds the rows and the lanes
 *   <tr data-row data-minor="1608540" data-exponent="2" data-currency="USD">   open amount of the invoice; below zero for a credit
 *     <input data-amount="3" …>         what goes to payment 3
 *     <input data-short …>              what is short-paid
 *     <… data-row-left>                 shows what is left of the row
 *   <section data-lane="3" data-exponent data-currency data-placed-minor data-minor>   components/lane.html: placed by the server
 *                                       when the page was made, and what the payment is to carry (absent: whatever is placed)
 *     data-lane-placed data-lane-left data-lane-fill
 *   <span data-first-amount data-key>   goes to the amount of the row that the keyboard stands on
 *   <button name="place" value="3" data-key="3">   sends the selected rows to payment 3; keys.js presses it
 *   <tr data-currency data-exponent>    in the sum bar: <td data-figure="placed" data-minor>, <td data-figure="left" data-minor>,
 *                                       data-minor as the server counted them
 * Keys: 1–9 send the selected rows, or else the row that the keyboard stands on, and so do the other keys of the page;
 * in an amount "=" places all that is left there, and Ctrl+Enter saves.
 */

import { amountText, minorFrom, plainText } from "./amounts.js";

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-allocate] :is([data-amount], [data-short])")) recount(event.target.closest("[data-row]"));
});
document.addEventListener("keydown", (event) => {
  const field = event.target.closest("[data-allocate] input");
  const act = field && actionIn(field, event);
  if (!act) return;
  event.preventDefault();
  act();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-allocate] button:is([name=place], [name=do], [popovertarget])")) chooseRowOfKeyboard();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-first-amount]")) firstAmount()?.select();
});

/* The form is asked for anew each time: htmx puts another one in its place. */
function form() {
  return document.querySelector("form[data-allocate]");
}

/* In an amount "=" places all that is left there and Ctrl+Enter saves; in a dialog Enter presses the dialog's own button. */
function actionIn(field, event) {
  const dialog = field.closest("[popover]");
  if (dialog) return event.key === "Enter" ? () => dialog.querySelector("button[name=do]").click() : null;
  if (!field.matches("[data-amount]")) return null;
  if (event.key === "=") return () => placeInFull(field);
  return event.key === "Enter" && event.ctrlKey ? () => form().requestSubmit(form().querySelector("[value=save]")) : null;
}

/* Of the row that the keyboard stands on, else of the first row that is selected. */
function firstAmount() {
  const row = document.activeElement.closest("[data-row]") ?? form().querySelector("[data-row]:has(input:checked)");
  return row?.querySelector("[data-amount]");
}

/* With nothing selected, a key means the row that the keyboard stands on; a click on the button means nothing. */
function chooseRowOfKeyboard() {
  const boxes = [...form().querySelectorAll("[data-row] input[type=checkbox]:enabled")];
  const box = document.activeElement.closest("[data-row]")?.querySelector("input[type=checkbox]:enabled");
  if (box && !boxes.some((each) => each.checked)) box.checked = true;
}

function placeInFull(input) {
  const row = input.closest("[data-row]");
  input.value = plainText((minorOf(input, row) ?? 0n) + (leftOf(row) ?? 0n), exponentOf(row));
  input.closest(".placing__part")?.classList.add("placing__part--changed");
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function recount(row) {
  for (const input of amountsIn(row)) {
    const isReadable = minorOf(input, row) !== null;
    input.setCustomValidity(isReadable ? "" : `An amount with at most ${exponentOf(row)} digits after the point`);
    input.setAttribute("aria-invalid", !isReadable);
  }
  const left = leftOf(row);
  if (left === null) return;
  show(row.querySelector("[data-row-left]"), left, exponentOf(row), BigInt(row.dataset.minor));
  for (const lane of form().querySelectorAll("[data-lane]")) recountLane(lane);
  recountSums(row.dataset.currency);
}

function amountsIn(row) {
  return [...row.querySelectorAll("[data-amount], [data-short]")];
}

/* What the row still owes; null while an amount in it cannot be read. */
function leftOf(row) {
  const amounts = amountsIn(row).map((input) => minorOf(input, row));
  if (amounts.includes(null)) return null;
  return amounts.reduce((left, amount) => left - amount, BigInt(row.dataset.minor));
}

function recountLane(lane) {
  const placed = BigInt(lane.dataset.placedMinor) + changeOf(`[data-amount="${lane.dataset.lane}"]`);
  const exponent = Number(lane.dataset.exponent);
  lane.querySelector("[data-lane-placed]").textContent = amountText(placed, exponent);
  if (lane.dataset.minor === undefined) return;
  const carries = BigInt(lane.dataset.minor);
  show(lane.querySelector("[data-lane-left]"), carries - placed, exponent, carries);
  lane.querySelector("[data-lane-fill]").value = Number(placed);
}

function recountSums(currency) {
  const ofCurrency = `[data-currency="${CSS.escape(currency)}"]`;
  const credits = changeOf(`${ofCurrency}[data-minor^="-"] [data-amount]`);
  const placed = changeOf(`${ofCurrency} [data-amount]`);
  const short = changeOf(`${ofCurrency} [data-short]`);
  showFigure(ofCurrency, "placed", placed);
  showFigure(ofCurrency, "credits", credits);
  showFigure(ofCurrency, "left", credits - placed - short);
}

function showFigure(ofCurrency, name, change) {
  const figure = document.querySelector(`${ofCurrency} [data-figure="${name}"]`);
  if (!figure) return;
  const exponent = Number(figure.closest("[data-exponent]").dataset.exponent);
  figure.textContent = amountText(BigInt(figure.dataset.minor) + change, exponent);
}

/* How far typing has moved these amounts since the server counted them: rows on other pages stay counted. */
function changeOf(selector) {
  const inputs = [...form().querySelectorAll(selector)];
  return inputs.reduce((change, input) => change + movedBy(input), 0n);
}

function movedBy(input) {
  const row = input.closest("[data-row]");
  return (minorOf(input, row) ?? 0n) - (minorFrom(input.defaultValue, exponentOf(row)) ?? 0n);
}

function exponentOf(row) {
  return Number(row.dataset.exponent);
}

function minorOf(input, row) {
  return onItsSide(minorFrom(input.value, exponentOf(row)), row);
}

/* Of a credit the minus sign may be left out. */
function onItsSide(minor, row) {
  return minor !== null && minor > 0n && row.dataset.minor.startsWith("-") ? -minor : minor;
}

/* Zero is done; what goes past zero is too much. */
function show(place, left, exponent, whole) {
  if (!place) return;
  const isTooMuch = left !== 0n && left < 0n !== whole < 0n;
  place.textContent = amountText(left, exponent);
  place.classList.toggle("num--muted", left === 0n);
  place.classList.toggle("num--warn", left !== 0n && !isTooMuch);
  place.classList.toggle("num--bad", isTooMuch);
}
