/*
 * The pay-run builder: figures move while somebody types, and keys 1–9 send rows to a payment.
 * All of it is advice on the screen; the server adds up again and decides. Amounts are integers of minor units (BigInt).
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
 *   <button name="place" value="3">     sends the selected rows to payment 3
 *   <tr data-currency data-exponent>    in the sum bar: <td data-figure="placed" data-minor>, <td data-figure="left" data-minor>,
 *                                       data-minor as the server counted them
 * Keys: 1–9 send the selected rows, or else the row the keyboard stands on; "=" in an amount places all that is left there.
 */

const form = document.querySelector("form[data-allocate]");

form?.addEventListener("input", (event) => {
  if (event.target.matches("[data-amount], [data-short]")) recount(event.target.closest("[data-row]"));
});
document.addEventListener("keydown", (event) => {
  if (!form || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = event.target.matches("[data-amount]") ? actionInAmount(event) : actionOutside(event);
  if (!act) return;
  event.preventDefault();
  act();
});

function actionInAmount(event) {
  return event.key === "=" ? () => placeInFull(event.target) : null;
}

function actionOutside(event) {
  if (!/^[1-9]$/.test(event.key) || event.target.matches("input[type=text], input:not([type]), input[type=search], textarea, select")) return null;
  if (document.querySelector("[popover]:popover-open") || localStorage.getItem("keys off")) return null;
  const button = form.querySelector(`button[name=place][value="${event.key}"]:enabled`);
  return button && (() => sendTo(button, event.target.closest("[data-row]")));
}

function sendTo(button, row) {
  const boxes = [...form.querySelectorAll("[data-row] input[type=checkbox]:enabled")];
  if (!boxes.some((box) => box.checked) && row) row.querySelector("input[type=checkbox]:enabled").checked = true;
  form.requestSubmit(button);
}

function placeInFull(input) {
  const row = input.closest("[data-row]");
  input.value = plainText((minorOf(input, row) ?? 0n) + (leftOf(row) ?? 0n), exponentOf(row));
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
  for (const lane of form.querySelectorAll("[data-lane]")) recountLane(lane);
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
  const placed = changeOf(`${ofCurrency} [data-amount]`);
  const short = changeOf(`${ofCurrency} [data-short]`);
  showFigure(ofCurrency, "placed", placed);
  showFigure(ofCurrency, "left", -placed - short);
}

function showFigure(ofCurrency, name, change) {
  const figure = document.querySelector(`${ofCurrency} [data-figure="${name}"]`);
  if (!figure) return;
  const exponent = Number(figure.closest("[data-exponent]").dataset.exponent);
  figure.textContent = amountText(BigInt(figure.dataset.minor) + change, exponent);
}

/* How far typing has moved these amounts since the server counted them: rows on other pages stay counted. */
function changeOf(selector) {
  const inputs = [...form.querySelectorAll(selector)];
  return inputs.reduce((change, input) => change + movedBy(input), 0n);
}

function movedBy(input) {
  const exponent = exponentOf(input.closest("[data-row]"));
  return (minorFrom(input.value, exponent) ?? 0n) - (minorFrom(input.defaultValue, exponent) ?? 0n);
}

function exponentOf(row) {
  return Number(row.dataset.exponent);
}

function minorOf(input, row) {
  return minorFrom(input.value, exponentOf(row));
}

/* "1,234.5", "(20.00)" or "−14.09" as minor units; nothing typed is zero; null when it is no amount. */
function minorFrom(text, exponent) {
  const bare = text.replace(/[\s,']/g, "").replace("−", "-").replace(/^\((.*)\)$/, "-$1");
  const parts = /^(-?)(\d*)(?:\.(\d*))?$/.exec(bare);
  if (!parts || (parts[3] ?? "").length > exponent) return null;
  const minor = BigInt((parts[2] || "0") + (parts[3] ?? "").padEnd(exponent, "0"));
  return parts[1] ? -minor : minor;
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

function amountText(minor, exponent) {
  const [sign, whole, part] = pieces(minor, exponent);
  return sign.replace("-", "−") + whole.replace(/\B(?=(\d{3})+$)/g, ",") + part;
}

function plainText(minor, exponent) {
  return pieces(minor, exponent).join("");
}

function pieces(minor, exponent) {
  const digits = String(minor < 0n ? -minor : minor).padStart(exponent + 1, "0");
  const split = digits.length - exponent;
  return [minor < 0n ? "-" : "", digits.slice(0, split), exponent ? "." + digits.slice(split) : ""];
}
